import { spawn } from "node:child_process";
import { join } from "node:path";

/**
 * Runs the program of an installed package with this Node. A failure becomes the exit code of the whole script, and the
 * next tool still runs: a person wants to see all of what is wrong.
 * @param {string} bin path below node_modules
 * @param {string[]} args
 * @returns {Promise<void>}
 */
export async function runTool(bin, args) {
  const child = spawn(process.execPath, [join("node_modules", bin), ...args], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status) => resolve(status ?? 1));
  });
  if (code !== 0) process.exitCode = 1;
}
