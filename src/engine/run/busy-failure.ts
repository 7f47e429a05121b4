import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";

/** `busy/busy`: a migration or a seed was not started, because of what another session is doing. */
export function busyFailure(holder: string): Failure {
  return new Failure("busy", "busy", `Another run is working on this database: ${holder}.`, {
    hints: [retryHint({ reason: "once that run has ended" })],
  });
}
