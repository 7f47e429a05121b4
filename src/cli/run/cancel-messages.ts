import { Failure } from "../../protocol/failure.ts";
import type { Request } from "../../protocol/request.ts";
import type { RunTracker } from "./run-tracker.ts";

/* What Ctrl-C is answered with: each sentence says no more than what is known of the run at that moment. */

/** The first Ctrl-C, of a run that is asked to stop now. */
export function stopRequestedMessage({ inHand, waits }: RunTracker): string {
  const what = inHand
    ? "Asking it to stop after the migration in hand;"
    : waits
      ? "Asking it to stop: it only waits, and has nothing in hand;"
      : "Asking it to stop before its next migration;";
  return `${what} Ctrl-C again to stop watching.`;
}

/** The run's books have taken the request. */
export function stopAcceptedMessage({ inHand }: RunTracker): string {
  return inHand
    ? "It was heard: the run ends after the migration in hand."
    : "It was heard: the run begins no further migration.";
}

/** Nobody watches any more. What becomes of the run, as far as that is known, and the command that tells more. */
export function detachedFailure(
  { environment, operation, runId }: Request,
  hand: RunTracker,
): Failure {
  const status = `hasura-migrate status ${environment}`;
  // The function and the API of the embedded environment end with this process; its database may be somebody else's as well.
  if (environment === "local") {
    const hints = [...(operation === "apply" ? ["To go on, run again"] : []), status];
    return new Failure("interrupted", "interrupted", embeddedWords(hand), { hints });
  }
  const history = hand.serves("history")
    ? `hasura-migrate history ${environment} --run ${runId}`
    : status;
  const cancel =
    hand.stopping === "asked" ? [`hasura-migrate cancel ${environment} --run ${runId}`] : [];
  return new Failure("interrupted", "detached", `No longer watching; ${goesOnWords(hand)}`, {
    hints: [...cancel, history],
  });
}

function goesOnWords({ inHand, stopping }: RunTracker): string {
  switch (stopping) {
    case "heard":
      return `the run was asked to stop, and ${inHand ? "ends after the migration in hand" : "begins no further migration"}.`;
    case "asked":
      return "the run has not answered the request to stop: it may go on to its end.";
    case "meant":
      return "the run was not asked to stop yet: the function goes on to its end by itself.";
    case "no":
      return "the function goes on to its end by itself.";
  }
}

/** A transaction whose client is gone is rolled back by the server; its commit may have been on the way already. */
function embeddedWords({ inHand }: RunTracker): string {
  if (!inHand) return "Interrupted; no migration was in hand.";
  const what = `Interrupted during ${inHand.version} ${inHand.name}:`;
  return inHand.transaction
    ? `${what} it was rolled back, unless it ended in that moment.`
    : `${what} it runs outside a transaction, and what it had done by then stands.`;
}
