import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";

/**
 * `npm start`: the sample project, applied through the whole path on this machine.
 * @param {{ root: string, args: string[] }} options arguments go to `hasura-migrate local`
 */
export async function run({ root, args }) {
  await build({ root });
  const bin = join(root, "dist/bin.js");
  process.argv = [process.execPath, bin, "local", ...args];
  await import(pathToFileURL(bin).href);
}
