import type { VerifyEvent } from "../../../protocol/verification.ts";
import type { CommandResult } from "../../command-result.ts";

/** How the results of `verify` are shown, as they come. */
export interface VerifyOutput {
  event(event: VerifyEvent): void;
  /** Restores the terminal, and writes what is written at the end. */
  close(): Promise<void>;
  /** How the command ends. */
  result(): CommandResult;
}

/** How a command ends whose last event this was. */
export function resultOf(
  { errors, warnings }: Extract<VerifyEvent, { type: "verify.finished" }>,
  strict: boolean,
): CommandResult {
  return errors > 0 || (strict && warnings > 0) ? "migration" : "done";
}
