import type { CommandResult } from "./command-result.ts";
import { runProgram } from "./program.ts";
import type { CliContext } from "./context.ts";

/** One whole command: resolves to the process's exit code, and throws nothing. */
export async function main(context: CliContext): Promise<number> {
  const result = await runProgram(context);
  return result === "done" ? 0 : codeOf(result);
}

/** Loaded on demand: `--help` and `--version` end without the schemas that come with failures. */
async function codeOf(ended: Exclude<CommandResult, "done">): Promise<number> {
  const { exitCode } = await import("../protocol/failure.ts");
  return exitCode[ended];
}
