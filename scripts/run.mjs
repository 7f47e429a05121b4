import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ensureInstalled } from "./install.mjs";

/*
 * `node scripts/run.mjs NAME [arguments]`: what every npm script of this project calls. It installs what is missing, then
 * runs scripts/NAME.mjs in this very process, so that a signal meets one program and not a chain of shells.
 */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name = "", ...args] = process.argv.slice(2);
process.chdir(root);
try {
  ensureInstalled(root);
  const script = await import(pathToFileURL(join(root, "scripts", `${name}.mjs`)).href);
  await script.run({ root, args });
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
