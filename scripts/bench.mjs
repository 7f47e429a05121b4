import { build } from "./build.mjs";
import { runTypeScript } from "./run-typescript.mjs";

/**
 * `npm run bench [part…]`: prints one table of measurements, see docs/benchmarks.md.
 * @param {{ root: string, args: string[] }} options
 */
export async function run({ root, args }) {
  await build({ root });
  process.exitCode = await runTypeScript(root, "bench/index.ts", args);
}
