import { toFailureData } from "../../protocol/failure.ts";
import type { Failure } from "../../protocol/failure.ts";
import { rehearsalRefused } from "../../protocol/rehearsal-refused.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { preparePlan } from "../plan/prepare-plan.ts";
import { rehearseDatabase } from "../rehearsal/rehearse-database.ts";
import { failedRun, nothingDone, type RunResult } from "../run-result.ts";
import type { EngineSession } from "../session.ts";

/**
 * `rehearse`: runs what `apply` would run, each database in one transaction that is rolled back, and reports time, locks and the first
 * error of each database. Throws `usage/rehearsal-refused` for a protected environment.
 */
export async function rehearse(
  { environment, options }: RequestOf<"rehearse">,
  { databases }: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  if (engine.protected === true) throw rehearsalRefused(environment);
  const { steps, to, only } = options;
  const selection = { operation: "apply", steps, to, only } as const;
  const plan = await preparePlan(databases, { selection, environment, changed: "allowed" }, engine);
  const { fingerprint } = plan;
  await emit(engine, { type: "plan", fingerprint, databases: [...plan.databases] });
  const failures: Failure[] = [];
  for (const { database, items } of plan.databases) {
    if (items.length === 0) continue;
    if (engine.stop.aborted) return { ...nothingDone, stop: { stop: "cancelled" } };
    const own = plan.steps.filter((step) => step.database.name === database);
    const rehearsed = await rehearseDatabase(own, environment, engine);
    if (rehearsed === undefined) return { ...nothingDone, stop: { stop: "cancelled" } };
    const { failure, ...report } = rehearsed;
    if (failure) failures.push(failure);
    await emit(engine, {
      ...{ type: "rehearsal", database, ...report },
      ...(failure && { failure: toFailureData(failure) }),
    });
  }
  const [first] = failures;
  return first ? failedRun(first) : nothingDone;
}
