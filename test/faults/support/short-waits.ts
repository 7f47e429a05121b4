import { main } from "../../../src/cli/main.ts";
import { contextOf } from "../../../src/cli/process-context.ts";
import { packageVersion } from "../../../src/package-version.ts";

/*
 * The CLI with pauses that are a 12th as long. With SHORT_BOUNDS its bounds on silence are so too, and 4 s at most: on a slow machine a
 * connection is then taken for silent that is not, so only faults that nothing else would end need it.
 */
const shortened = (ms: number): number => Math.min(ms / 12, 4000);
const bounds = process.env["SHORT_BOUNDS"] === "true" ? shortened : (ms: number): number => ms;
const real = contextOf(process, packageVersion);
const code = await main({
  ...real,
  every: (ms, tick) => real.every(bounds(ms), tick),
  sleep: (ms, signal) => real.sleep(shortened(ms), signal),
});
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
