import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint } from "../../protocol/hint.ts";
import { rowLabel } from "../output/run-view.ts";
import type { StopState } from "./cancellation.ts";
import { serves, type RunState } from "./run-state.ts";

/* Each message claims no more than is known about the run at that moment. */

/** Shown at the first Ctrl-C if the run has not started yet. */
export const stopPendingMessage =
  "The run will be stopped as soon as it has started. Press Ctrl-C again to detach.";

/** Shown when the run is asked to stop. */
export function stopRequestedMessage({ current, waiting, request }: RunState): string {
  if (request.operation === "rehearse")
    return "Cancelling the rehearsal … Press Ctrl-C again to detach.";
  const step = stepNoun(request);
  const what = current
    ? `Stopping after the current ${step} …`
    : waiting
      ? `Stopping the run; it is waiting, and no ${step} is in progress …`
      : `Stopping before the next ${step} …`;
  return `${what} Press Ctrl-C again to detach.`;
}

function stepNoun({ operation }: RunState["request"]): string {
  return operation === "seed" ? "seed" : "migration";
}

/** Shown when the function has confirmed the stop request. */
export function stopAcceptedMessage({ current, request }: RunState): string {
  return current
    ? `Stop request accepted: the run will end after the current ${stepNoun(request)}.`
    : `Stop request accepted: the run will start no further ${stepNoun(request)}.`;
}

/** The run is no longer watched: what is known about its outcome, and the commands to follow up on it. */
export function detachedFailure(run: RunState, state: StopState): Failure {
  const { environment, runId } = run.request;
  if (!run.changes)
    return new Failure("interrupted", "interrupted", interruptedMessage(run.request));
  if (environment === "local") return embeddedFailure(run);
  const cancel = runHint(["cancel", environment, "--run", runId], "to stop it");
  const followUp = serves(run, "history")
    ? runHint(["history", environment, "--run", runId], "to check on it")
    : runHint(["status", environment], "to check on it");
  return new Failure("interrupted", "detached", detachedMessage(run, state), {
    hints: state === "stop-requested" ? [cancel, followUp] : [followUp],
  });
}

/** The function has cancelled the rehearsal, which is not watched to its end. */
export function rehearsalCancelled(): Failure {
  return new Failure(
    "interrupted",
    "interrupted",
    "Interrupted. The rehearsal was cancelled, and is rolled back.",
  );
}

/** A rehearsal is one request to the database. That of an embedded environment ends with this process. */
function interruptedMessage({ operation, environment }: RunState["request"]): string {
  return operation === "rehearse" && environment !== "local"
    ? "Interrupted. The rehearsal may continue in the database for up to 60 s, and holds its locks until it is rolled back."
    : "Interrupted.";
}

/** `state` is the one before detaching. */
function detachedMessage({ current, request }: RunState, state: StopState): string {
  switch (state) {
    case "stop-accepted":
      return current
        ? `Detached. The run will stop after the current ${stepNoun(request)}.`
        : `Detached. The run will start no further ${stepNoun(request)}.`;
    case "stop-requested":
      return "Detached. The stop request was not confirmed: the run may continue to its end.";
    case "stop-pending":
      return "Detached. The run was not asked to stop and may continue to its end.";
    case "running":
    case "stop-failed":
    case "detached":
      return "Detached. The run continues on the server.";
  }
}

/** The embedded function and Hasura API end with this process; the database may be the user's own. */
function embeddedFailure({ request, current }: RunState): Failure {
  const status = runHint(["status", request.environment]);
  const goOn = retryHint({ without: ["--reset"], reason: "to continue" });
  return new Failure("interrupted", "interrupted", embeddedMessage(current, request), {
    hints: ["apply", "seed"].includes(request.operation) ? [goOn, status] : [status],
  });
}

/** The server rolls back a transaction whose client has disconnected, unless the commit had already been sent. */
function embeddedMessage(current: RunState["current"], request: RunState["request"]): string {
  if (!current) return `Interrupted; no ${stepNoun(request)} was in progress.`;
  const what = `Interrupted during ${rowLabel(current)}:`;
  return current.transaction
    ? `${what} it was rolled back, unless it had just committed.`
    : `${what} it runs outside a transaction, so anything it had already done remains.`;
}
