import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { build } from "./build.mjs";

/* `npm run bench [-- part…]`: prints one table of measurements, see docs/benchmarks.md. */
const root = dirname(import.meta.dirname);
await build({ root });
const child = spawn(
  process.execPath,
  ["--import", "tsx", "bench/index.ts", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit" },
);
const [code] = await once(child, "exit");
process.exitCode = code ?? 1;
