import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** dist/, seen from this module: as part of a chunk in dist/function/chunks/, or from its source. */
const distDirectories = ["../../", "../../../dist/"];

/** The absolute path of a file in dist/; undefined when it has not been built. */
export function findInBuild(path: "function/index.mjs" | "runtime-client.mjs"): string | undefined {
  return distDirectories
    .map((directory) => fileURLToPath(new URL(directory + path, import.meta.url)))
    .find((file) => existsSync(file));
}
