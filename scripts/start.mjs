import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureInstalled } from "./install.mjs";

/*
 * `npm start [-- option…]`: applies the sample project through the whole path on this machine. Installs and builds what is
 * missing first, because it is the first command on a fresh checkout. The options go to `hasura-migrate local`.
 */
const root = dirname(import.meta.dirname);

/** What to try next, once the sample project is applied; with options of their own, people have something in mind already. */
function suggestNext(/** @type {number} */ exitCode) {
  if (exitCode !== 0) return;
  process.stderr.write(`
To try next:
  node dist/bin.js status local              what is applied
  node dist/bin.js new add_phone --sql 'alter table customers add phone text;'
  npm start                                  applies it
  npm start -- --serve                       keeps the Hasura API running
  docs/getting-started.md                    your own project, and AWS
`);
}

process.chdir(root);
try {
  ensureInstalled(root);
  // Imported only now: the build needs packages that may have been missing until the line above.
  const { build } = await import("./build.mjs");
  await build({ root });
  const bin = join(root, "dist/bin.js");
  process.argv = [process.execPath, bin, "local", ...process.argv.slice(2)];
  if (process.argv.length === 3) process.once("exit", suggestNext);
  await import(pathToFileURL(bin).href);
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
