import { exitCode, type Kind } from "../protocol/exit-code.ts";

/** How a command ended: done, or the kind of a failure that was already shown. Failures that are thrown are shown by main. */
export type CommandResult = "done" | Kind;

/** The exit code of a command that ended like this. */
export function exitCodeOf(result: CommandResult): number {
  return result === "done" ? 0 : exitCode[result];
}
