import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import { assessPlan } from "../plan/assess-plan.ts";
import { preparePlan } from "../plan/prepare-plan.ts";
import { withMetadata, type AroundMigrations } from "./migrate.ts";
import { rulesNeeded } from "../plan/refuse-risks.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import type { EngineSession } from "../session.ts";

/** `plan`: what `apply` would run, with the SQL. */
export async function showPlan(
  { environment, options }: RequestOf<"plan">,
  { databases }: EngineSession,
  engine: EngineContext,
  around?: Pick<AroundMigrations, "fingerprint">,
): Promise<RunResult> {
  const { steps, to, only } = options;
  const prepared = await preparePlan(
    databases,
    {
      selection: { operation: "apply", steps, to, only },
      environment,
      changed: "allowed",
      withSql: true,
    },
    engine,
  );
  const plan = withMetadata(await assessPlan(prepared, databases, engine), around);
  await emit(engine, {
    type: "plan",
    fingerprint: plan.fingerprint,
    databases: [...plan.databases],
  });
  const isProtected = engine.protected === true || options.refuseRisks === true;
  const rules = isProtected ? rulesNeeded(plan.steps) : [];
  if (rules.length > 0)
    await warn(
      engine,
      "needs-allow",
      `${environment} is protected: apply needs ${rules.map((rule) => `--allow ${rule}`).join(" ")}.`,
    );
  return nothingDone;
}
