import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { bin, timed, type Command } from "./programs.ts";

const Used = z.object({ cpuMs: z.number(), megabytes: z.number() });
/** Milliseconds on the processor, and megabytes of memory at the peak. */
export type Used = z.infer<typeof Used>;

/** What one command of the CLI uses. Throws when it fails. */
export async function usedBy(scratch: string, command: Omit<Command, "file">): Promise<Used> {
  const [report, preload] = [join(scratch, "used.json"), join(scratch, "report-use.mjs")];
  writeFileSync(
    preload,
    `import { writeFileSync } from "node:fs";
process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const used = { cpuMs: (userCPUTime + systemCPUTime) / 1000, megabytes: maxRSS / 1024 };
  writeFileSync(${JSON.stringify(report)}, JSON.stringify(used));
});
`,
  );
  const args = ["--import", preload, bin, ...command.args];
  await timed({ ...command, file: process.execPath, args });
  return Used.parse(JSON.parse(readFileSync(report, "utf8")));
}
