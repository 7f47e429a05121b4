import { exitCode } from "../protocol/exit-code.ts";
import type { CliContext } from "./context.ts";
import { runProgram } from "./program.ts";

/** Runs one command and resolves to the process's exit code. Never throws. */
export async function main(context: CliContext): Promise<number> {
  const result = await runProgram(context);
  return result === "done" ? 0 : exitCode[result];
}
