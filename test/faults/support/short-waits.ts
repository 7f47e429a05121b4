import { main } from "../../../src/cli/main.ts";
import { contextOf } from "../../../src/cli/process-context.ts";
import { packageVersion } from "../../../src/package-version.ts";

/*
 * The CLI with bounds (35 s of silence, …) and pauses that are a 20th as long, and 4 s at most. On a slow machine a connection is then
 * taken for silent that is not, which is one more fault that must do no harm.
 */
const shortened = (ms: number): number => Math.min(ms / 20, 4000);
const real = contextOf(process, packageVersion);
const code = await main({
  ...real,
  every: (ms, tick) => real.every(shortened(ms), tick),
  sleep: (ms, signal) => real.sleep(shortened(ms), signal),
});
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
