import { Failure } from "../../protocol/failure.ts";
import { runHint } from "../../protocol/hint.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import type { EngineSession } from "../session.ts";
import type { RunRegistry } from "../store/store.ts";
import { cancelRehearsals } from "../rehearsal/cancel-rehearsals.ts";
import { registriesOf, runRegistries } from "./run-registries.ts";

/**
 * `cancel`: requests that runs in progress end after their current migration, and cancels rehearsals. Throws `usage/run-ambiguous`, and
 * `usage/needs-ledger` if there is neither a ledger nor a rehearsal.
 */
export async function cancelRuns(
  request: RequestOf<"cancel">,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  const { run } = request.options;
  const runs = new Set<string>();
  for (const { store } of session.databases)
    for (const id of await cancelRehearsals(store, run)) runs.add(id);
  const registries = runs.size === 0 ? runRegistries(request, session) : registriesOf(session);
  const only = run === undefined ? [undefined] : await openRuns(run, registries, request);
  for (const registry of registries)
    for (const id of only) for (const asked of await registry.cancel(id)) runs.add(asked);
  await emit(engine, { type: "cancel.requested", runs: [...runs] });
  return nothingDone;
}

/** The run that has this id, or whose id begins with it; none where there is none. */
async function openRuns(
  run: string,
  registries: readonly RunRegistry[],
  { environment }: RequestOf<"cancel">,
): Promise<string[]> {
  const found = await Promise.all(registries.map((registry) => registry.findOpen(run)));
  const ids = [...new Set(found.flat())];
  if (ids.includes(run)) return [run];
  if (ids.length < 2) return ids;
  throw new Failure(
    "usage",
    "run-ambiguous",
    `${String(ids.length)} runs in progress in ${environment} have an id that begins with ${run}; none was stopped.`,
    {
      hints: ids
        .slice(0, mostShown)
        .map((runId) => runHint(["cancel", environment, "--run", runId], "to stop this one")),
    },
  );
}

const mostShown = 5;
