import { toFailureData } from "../protocol/failure.ts";
import type { Request } from "../protocol/request.ts";
import type { Books, End } from "./books.ts";
import type { EngineDeps } from "./engine-deps.ts";
import { markVersions } from "./mark.ts";
import { migrate, nothingDone, showPlan, type Ending } from "./migrate.ts";
import { hasuraFailure } from "./hasura-failure.ts";
import { whenUp } from "./health.ts";
import { cancelRuns, showHistory } from "./past-runs.ts";
import { say } from "./say.ts";
import { showStatus } from "./status.ts";

export type { EngineDeps } from "./engine-deps.ts";

/**
 * Does what a request asks for. Emits everything that follows `run.started`, ending with exactly one closing event.
 * Throws nothing, whatever Hasura, the database or the request did.
 */
export async function execute(request: Request, deps: EngineDeps): Promise<void> {
  const startedAt = deps.now();
  const opened: Books[] = [];
  const booksFor: EngineDeps["booksFor"] = async (database, context) => {
    const books = await deps.booksFor(database, context);
    opened.push(books);
    return books;
  };
  const ending = await endingOf(request, { ...deps, booksFor });
  await Promise.all(opened.map(async (books) => books.end?.(endOf(ending))));
  const counts = { applied: ending.applied, notReached: ending.notReached, tookMs: Math.max(0, deps.now() - startedAt) };
  if (ending.paused !== undefined) {
    await say(deps, { type: "run.paused", ...counts, reason: ending.paused });
  } else if (ending.failure !== undefined) {
    await say(deps, { type: "run.failed", ...counts, failure: toFailureData(ending.failure) });
  } else {
    await say(deps, { type: "run.finished", ...counts, ...(ending.cancelled && { cancelled: true }) });
  }
}

/** Characters of a failure that the books keep. */
const longestFailure = 2000;

/** How the run's row in the books is closed; a paused run stays open, its client goes on with it. */
function endOf(ending: Ending): End {
  if (ending.paused !== undefined) return { outcome: "paused" };
  if (ending.failure !== undefined) {
    const { kind, code, message } = toFailureData(ending.failure);
    return { outcome: `${kind}/${code}`, failure: message.slice(0, longestFailure) };
  }
  return { outcome: ending.cancelled ? "cancelled" : "finished" };
}

async function endingOf(request: Request, deps: EngineDeps): Promise<Ending> {
  try {
    return await operate(request, deps);
  } catch (thrown) {
    return { ...nothingDone, failure: hasuraFailure(thrown, `answering ${request.operation}`) };
  }
}

async function operate(request: Request, deps: EngineDeps): Promise<Ending> {
  switch (request.operation) {
    case "apply":
    case "down":
    case "redo":
      return migrate(request, deps);
    case "plan":
      return showPlan(request, deps);
    case "status":
      return showStatus(request, deps);
    case "mark":
      return markVersions(request, deps);
    case "ping":
      await whenUp(deps, () => deps.hasura.version());
      return nothingDone;
    case "cancel":
      return cancelRuns(request, deps);
    case "history":
      return showHistory(request, deps);
  }
}
