import type { VerifyEvent } from "../../../protocol/verification.ts";
import type { CommandResult } from "../../command-result.ts";

/** Shows the results of `verify` as they arrive. */
export interface VerifyOutput {
  event(event: VerifyEvent): void;
  /** Restores the terminal, and writes the end of the output. */
  close(): Promise<void>;
  /** The exit code of the command. */
  result(): CommandResult;
}

/** The exit code of a command whose last event this was. */
export function resultOf(
  { errors, warnings }: Extract<VerifyEvent, { type: "verify.finished" }>,
  strict: boolean,
): CommandResult {
  return errors > 0 || (strict && warnings > 0) ? "migration" : "done";
}
