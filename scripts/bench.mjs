import { dirname } from "node:path";
import { build } from "./build.mjs";
import { runTypeScript } from "./run-typescript.mjs";

/* `npm run bench [-- part…]`: prints one table of measurements, see docs/benchmarks.md. */
const root = dirname(import.meta.dirname);
await build({ root });
process.exitCode = await runTypeScript(root, "bench/index.ts", process.argv.slice(2));
