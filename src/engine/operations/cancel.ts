import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import type { EngineSession } from "../session.ts";
import { runRegistries } from "./run-registries.ts";

/** `cancel`: requests that runs in progress end after their current migration. */
export async function cancelRuns(
  request: RequestOf<"cancel">,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  const runs = new Set<string>();
  for (const registry of runRegistries(request, session)) {
    for (const run of await registry.cancel(request.options.run)) runs.add(run);
  }
  await emit(engine, { type: "cancel.requested", runs: [...runs] });
  return nothingDone;
}
