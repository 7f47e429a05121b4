import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** True when node_modules holds what package-lock.json asks for. npm writes the lockfile it installed into node_modules. */
function isInstalled(/** @type {string} */ root) {
  const installed = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return false;
  const wanted = packagesOf(join(root, "package-lock.json"));
  const present = packagesOf(installed);
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const found = present[path];
    return found ? found.version === entry.version : entry.optional === true || entry.peer === true;
  });
}

/** @returns {Record<string, { version?: string, optional?: boolean, peer?: boolean }>} */
function packagesOf(/** @type {string} */ lockfile) {
  return JSON.parse(readFileSync(lockfile, "utf8")).packages;
}

/**
 * Installs the development dependencies when they are missing or not those of the lockfile. Plain JavaScript that imports
 * nothing but Node, because it runs when nothing is installed. What npm says goes to stderr: stdout belongs to the caller.
 * @throws {Error} when npm fails; npm has said why by then.
 */
export function ensureInstalled(/** @type {string} */ root) {
  if (isInstalled(root)) return;
  process.stderr.write("Installing dependencies (npm ci) …\n");
  const { status, error } = spawnSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error("npm ci failed; nothing was started", { cause: error });
}
