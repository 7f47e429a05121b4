import type { EventOf, RunEvent } from "../../protocol/events.ts";
import { causesOf, Failure } from "../../protocol/failure.ts";
import {
  commandHint,
  isCommandOf,
  retryHint,
  runHint,
  textHint,
  type Hint,
} from "../../protocol/hint.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { migrationLabel } from "../../protocol/migration.ts";
import { contractVersion, oldestContract } from "../../protocol/version.ts";
import { duration } from "../output/format.ts";
import { askedRun, serves, type RunState } from "./run-state.ts";

/** Codes of a function that ended in the middle of an invocation. */
const functionEnded: ReadonlySet<string> = new Set([
  "function-timeout",
  "function-crashed",
  "function-killed",
  "function-out-of-memory",
  "task-killed",
]);
/** Codes of a run that may go on although its end did not arrive. */
const lost: ReadonlySet<string> = new Set(["outcome-unknown", "task-unknown"]);

/** True for a function that ended in the middle of an invocation, or did not even start. */
export function hasCrashed({ code }: Failure): boolean {
  return functionEnded.has(code) || code === "function-broken";
}

/**
 * True if the ledger may have the outcome of a run that failed like this. Where the response is streamed, a function
 * that ended before it started the run has not begun it; a connection that was lost by then proves nothing.
 */
export function isRecoverable(
  run: RunState,
  { code }: Failure,
  { streams }: { readonly streams: boolean },
): boolean {
  if (!run.changes) return false;
  const isLost = lost.has(code);
  if (run.started) return (isLost || functionEnded.has(code)) && serves(run, "history");
  return (isLost || (!streams && functionEnded.has(code))) && run.request.environment !== "local";
}

/** What happened to an invocation, based on what is known about the run; anything but a `Failure` is returned unchanged. */
export function invocationFailure(
  thrown: unknown,
  run: RunState,
  invocation: {
    /** True if at least one event arrived. */
    readonly receivedEvents: boolean;
    readonly tookMs: number;
    readonly functionName: string;
  },
): unknown {
  if (!(thrown instanceof Failure)) return thrown;
  const { receivedEvents, tookMs, functionName } = invocation;
  if (functionEnded.has(thrown.code)) return functionEndedFailure(thrown, run);
  switch (thrown.code) {
    case "outcome-unknown":
      return receivedEvents ? unknownOutcome(run, tookMs, thrown) : withStatusFirst(run, thrown);
    case "stream-cut":
      return unknownOutcome(run, tookMs, thrown);
    case "stream-broken":
      return receivedEvents
        ? unknownOutcome(run, tookMs, thrown)
        : notOurFunction(functionName, thrown);
    default:
      return thrown;
  }
}

/** The stream ended without a closing event. `tookMs` is how long the invocation lasted. */
export function unknownOutcome(run: RunState, tookMs: number, cause?: Failure): Failure {
  const message = `The connection broke after ${duration(tookMs)}; the function may still be running.`;
  const causes = cause === undefined ? [] : causesBehind(cause);
  return new Failure("unreachable", "outcome-unknown", message, {
    hints: [statusHint(run)],
    ...(causes.length > 0 && { cause: new Error(causes.join(" ")) }),
  });
}

/**
 * True if the run is refused although its id is its own: its request was delivered twice, or it has ended in an invocation that
 * was not followed.
 */
export function isRunElsewhere({ earlier }: RunState, event: RunEvent | UnknownEvent): boolean {
  if (event.type !== "run.failed") return false;
  const { code } = event.failure;
  return code === "delivered-twice" || (code === "run-id-taken" && earlier.applied > 0);
}

/** How the run goes, or how it ended, is in the ledger alone. */
export function runElsewhere(run: RunState): Failure {
  return new Failure(
    "unreachable",
    "outcome-unknown",
    "Another invocation of the function is executing this run, or already has.",
    { hints: [statusHint(run)] },
  );
}

/** The new failure's message already says that the connection broke. */
function causesBehind(cause: Failure): string[] {
  const inner = causesOf(cause);
  return cause.code === "outcome-unknown" ? inner : [cause.message, ...inner];
}

/** A function that ended midway: its current migration, and how to continue if there is no ledger to look up the outcome. */
function functionEndedFailure(failure: Failure, run: RunState): Failure {
  if (!run.changes) {
    const again = retryHint({ reason: "nothing was changed; run it again" });
    return failure.with({ hints: [again, ...failure.hints] });
  }
  const { current, request } = run;
  const message = current
    ? `${failure.message} Current migration: ${migrationLabel(current, " ")}.`
    : failure.message;
  const goOn =
    request.operation === "apply" && !serves(run, "history")
      ? [retryHint({ without: ["--reset"], reason: "to continue" })]
      : [];
  return withStatusFirst(run, failure.with({ message, hints: [...goOn, ...failure.hints] }));
}

function statusHint({ request }: RunState): Hint {
  return runHint(["status", request.environment]);
}

function withStatusFirst(run: RunState, failure: Failure): Failure {
  const others = failure.hints.filter((hint) => !isCommandOf(hint, "status"));
  return failure.with({ hints: [statusHint(run), ...others] });
}

function notOurFunction(functionName: string, cause: Failure): Failure {
  return new Failure(
    "unreachable",
    "not-our-function",
    `The function ${functionName} is not a hasura-migrate function (unexpected response).`,
    {
      hints: [
        textHint('Name the right one with --function, or "function" in hasura-migrate.json.'),
        textHint("If this is the right function, deploy its image again."),
      ],
      cause,
    },
  );
}

/** Throws `usage/run-unknown` if the run given to `history` or `cancel` does not exist. */
export function checkRunFound(run: RunState): void {
  if (!run.lacksRun) return;
  const { environment, operation } = run.request;
  const id = askedRun(run) ?? "";
  const message =
    operation === "cancel"
      ? `No run in progress in ${environment} has an id that begins with ${id}; nothing was stopped.`
      : `No run in ${environment} has an id that begins with ${id}.`;
  throw new Failure("usage", "run-unknown", message, {
    hints: [runHint(["history", environment], "to list the runs")],
  });
}

/** Throws if the contracts of the client and the function do not overlap; the message names the side to upgrade. */
export function checkContract(
  { contract, function: { package: version } }: EventOf<"run.started">,
  functionName: string,
): void {
  const who = `The function ${functionName} (hasura-migrate ${version})`;
  if (contract.oldest > contractVersion) {
    throw new Failure("usage", "client-too-old", `${who} is too new for this hasura-migrate.`, {
      hints: [commandHint(["npx", "hasura-migrate@latest"], "use the latest version")],
    });
  }
  if (contract.newest < oldestContract) {
    throw new Failure("usage", "function-too-old", `${who} is too old for this hasura-migrate.`, {
      hints: [
        textHint("Deploy a newer image of the function."),
        commandHint(["npx", `hasura-migrate@${version}`], "or use its version on this machine"),
      ],
    });
  }
}
