import type { HistoryRow } from "../../protocol/events.ts";
import { exitCode, Failure, type FailureData, type Kind } from "../../protocol/failure.ts";
import { isCommandOf, runHint } from "../../protocol/hint.ts";
import { queryFunction } from "./query.ts";
import type { ClosingEvent, FollowOptions } from "./follow-run.ts";
import { duration } from "../output/format.ts";
import { pauseAfter, type RunTracker } from "./run-tracker.ts";

/** No function lives longer. */
const longestRunMs = 900_000;
/** How often is asked without learning anything: a run is unknown to the ledger until its function has read the books. */
const mostUnknown = 3;
/** The same for a run that was never heard of: its function may be starting still. */
const mostUnheard = 4;
/** A run that ends in the moment it is looked up can seem dead: neither ended yet nor at work any more. */
const mostDead = 2;
/** The same news is told again after this long. */
const repeatMs = 30_000;

/**
 * What became of a run whose end was not heard, from the ledger: asks until it has ended, and never sends it again. Throws
 * `failure` when it died, when the ledger does not know it, or when nobody could tell within a function's lifetime.
 */
export async function recoverOutcome(
  it: FollowOptions,
  hand: RunTracker,
  failure: Failure,
): Promise<ClosingEvent> {
  const { environment, runId } = it.request;
  const since = it.now();
  const tell = newsTeller(it);
  it.notice(`! ${failure.message} Asking ${environment} about run ${runId} …`);
  const most = hand.begun ? mostUnknown : mostUnheard;
  let [unknown, dead] = [0, 0];
  for (let tries = 0; it.now() - since < longestRunMs; tries += 1) {
    const answer = await lookedUp(it, hand);
    if (answer instanceof Failure) {
      tell(`could not be asked: ${answer.message}`, "");
      if (!mayPass(answer, hand) && (unknown += 1) >= most) throw failure;
    } else if (answer?.outcome !== undefined && answer.outcome !== "paused")
      return closingOf(it, hand, answer, answer.outcome);
    else if (answer?.live)
      tell(
        `still running${answer.doing === undefined ? "" : `: ${answer.doing}`}`,
        `, ${duration(it.now() - Date.parse(answer.startedAt))}`,
      );
    else if (answer ? (dead += 1) >= mostDead : (unknown += 1) >= most)
      throw died(it, answer, failure);
    await it.sleep(pauseAfter(tries), hand.detach);
  }
  throw failure;
}

/** Whether asking again may help. Where nothing was ever heard of a run, there may be nobody to ask. */
function mayPass({ kind }: Failure, { begun }: RunTracker): boolean {
  return begun && kind === "unreachable";
}

/** The run's row, undefined where there is none, or what kept the question from being answered. */
async function lookedUp(
  { connection, request, now }: FollowOptions,
  hand: RunTracker,
): Promise<HistoryRow | Failure | undefined> {
  const signal = hand.detach;
  try {
    const history = { ...request, operation: "history" as const, options: { run: request.runId } };
    const events = await queryFunction(connection, history, { signal, now });
    const answer = events.find((event) => event.type === "history");
    if (!answer) return new Failure("unreachable", "no-answer", "The function did not answer.");
    return answer.runs.find(({ run }) => run === request.runId);
  } catch (thrown) {
    if (!(thrown instanceof Failure) || signal.aborted) throw thrown;
    // A run that said it keeps a ledger ended before it had made one; of any other run this tells nothing.
    return hand.begun && thrown.code === "needs-ledger" ? undefined : thrown;
  }
}

/** Says what is new at once, and what is not new every now and then. */
function newsTeller({ now, waiting }: FollowOptions): (news: string, more: string) => void {
  let last = { news: "", at: 0 };
  return (news, more) => {
    if (news === last.news && now() - last.at < repeatMs) return;
    last = { news, at: now() };
    waiting(news + more);
  };
}

function closingOf(
  it: FollowOptions,
  hand: RunTracker,
  row: HistoryRow,
  outcome: string,
): ClosingEvent {
  const done = row.migrations.filter(({ what }) => what === "up" || what === "down");
  const reached = new Set(row.migrations.map(({ version }) => version));
  const counts = {
    applied: done.length,
    notReached: hand.planned.filter((version) => !reached.has(version)).length,
    tookMs:
      row.endedAt === undefined
        ? 0
        : Math.max(0, Date.parse(row.endedAt) - Date.parse(row.startedAt)),
  };
  if (outcome === "finished" || outcome === "cancelled") {
    it.notice("Its end is in the books. Nothing was sent twice.");
    return { type: "run.finished", ...counts, ...(outcome === "cancelled" && { cancelled: true }) };
  }
  return { type: "run.failed", ...counts, failure: failureOf(it, outcome, row.failure) };
}

/** `words` are the failure's own, where the books have them. */
function failureOf(
  { request: { environment, runId } }: FollowOptions,
  outcome: string,
  words: string | undefined,
): FailureData {
  const [kind = "", code = "failed"] = outcome.split("/");
  return {
    kind: isKind(kind) ? kind : "unreachable",
    code,
    message: words ?? `The run failed (${outcome}); its words were lost with the connection.`,
    hints: [runHint(["history", environment, "--run", runId]), runHint(["status", environment])],
    causes: [],
  };
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(exitCode, text);
}

function died(
  { request: { environment, runId, operation } }: FollowOptions,
  row: HistoryRow | undefined,
  failure: Failure,
): Failure {
  const goesOn = runHint(
    operation === "apply" ? [environment] : ["status", environment],
    "continues where it stopped; nothing is applied twice",
  );
  const paused = row?.outcome === "paused";
  const message = paused
    ? `Run ${runId} paused, and nobody went on with it.`
    : row
      ? `Run ${runId} died: it has not ended, and gives no sign of life.`
      : `Run ${runId} is not in the books of ${environment}: it ended before it began, or still waits for its turn.`;
  return new Failure(
    "unreachable",
    failure.code === "outcome-unknown" ? "run-died" : { received: failure.code },
    message,
    {
      hints: [
        goesOn,
        runHint(["history", environment, "--run", runId]),
        ...failure.hints.filter((hint) => !isCommandOf(hint)),
      ],
      cause: new Error(failure.message, { cause: failure.cause }),
    },
  );
}
