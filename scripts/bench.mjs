import { spawn } from "node:child_process";
import { once } from "node:events";
import { build } from "./build.mjs";

/**
 * `npm run bench [part…]`: prints one table of measurements, see docs/benchmarks.md.
 * @param {{ root: string, args: string[] }} options
 */
export async function run({ root, args }) {
  await build({ root });
  const child = spawn(process.execPath, ["--import", "tsx", "bench/index.ts", ...args], {
    stdio: "inherit",
  });
  const [code] = await once(child, "exit");
  process.exitCode = code ?? 1;
}
