import { toFailureData } from "../protocol/failure.ts";
import type { Request } from "../protocol/request.ts";
import type { MigrationStore, RunEnd } from "./store/store.ts";
import type { EngineContext } from "./context.ts";
import { markVersions } from "./operations/mark.ts";
import { migrate, nothingDone, showPlan, type RunResult } from "./operations/migrate.ts";
import { hasuraFailure } from "./hasura/errors.ts";
import { waitUntilReady } from "./hasura/wait-until-ready.ts";
import { cancelRuns, showHistory } from "./operations/history.ts";
import { emit } from "./emit.ts";
import { showStatus } from "./operations/status.ts";

export type { EngineContext } from "./context.ts";

/**
 * Does what a request asks for. Emits everything that follows `run.started`, ending with exactly one closing event.
 * Throws nothing, whatever Hasura, the database or the request did.
 */
export async function execute(request: Request, engine: EngineContext): Promise<void> {
  const startedAt = engine.now();
  const opened: MigrationStore[] = [];
  const openStore: EngineContext["openStore"] = async (database, context) => {
    const store = await engine.openStore(database, context);
    opened.push(store);
    return store;
  };
  const ending = await endingOf(request, { ...engine, openStore });
  await Promise.all(opened.map(async (store) => store.runs?.end(endOf(ending))));
  const counts = {
    applied: ending.applied,
    notReached: ending.notReached,
    tookMs: Math.max(0, engine.now() - startedAt),
  };
  if (ending.paused !== undefined) {
    await emit(engine, { type: "run.paused", ...counts, reason: ending.paused });
  } else if (ending.failure !== undefined) {
    await emit(engine, { type: "run.failed", ...counts, failure: toFailureData(ending.failure) });
  } else {
    await emit(engine, {
      type: "run.finished",
      ...counts,
      ...(ending.cancelled && { cancelled: true }),
    });
  }
}

/** Characters of a failure that the books keep. */
const longestFailure = 2000;

/** How the run's row in the books is closed; a paused run stays open, its client goes on with it. */
function endOf(ending: RunResult): RunEnd {
  if (ending.paused !== undefined) return { outcome: "paused" };
  if (ending.failure !== undefined) {
    const { kind, code, message } = toFailureData(ending.failure);
    return { outcome: `${kind}/${code}`, failure: message.slice(0, longestFailure) };
  }
  return { outcome: ending.cancelled ? "cancelled" : "finished" };
}

async function endingOf(request: Request, engine: EngineContext): Promise<RunResult> {
  try {
    return await operate(request, engine);
  } catch (thrown) {
    return { ...nothingDone, failure: hasuraFailure(thrown, `answering ${request.operation}`) };
  }
}

async function operate(request: Request, engine: EngineContext): Promise<RunResult> {
  switch (request.operation) {
    case "apply":
    case "down":
    case "redo":
      return migrate(request, engine);
    case "plan":
      return showPlan(request, engine);
    case "status":
      return showStatus(request, engine);
    case "mark":
      return markVersions(request, engine);
    case "ping":
      await waitUntilReady(engine, () => engine.hasura.version());
      return nothingDone;
    case "cancel":
      return cancelRuns(request, engine);
    case "history":
      return showHistory(request, engine);
  }
}
