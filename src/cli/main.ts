import { exitCodeOf } from "./command-result.ts";
import type { CliContext } from "./context.ts";
import { runProgram } from "./program.ts";

/** Runs one command and resolves to the process's exit code. Never throws. */
export async function main(context: CliContext): Promise<number> {
  return exitCodeOf(await runProgram(context));
}
