import { Failure } from "../../protocol/failure.ts";
import type { EngineContext } from "../context.ts";
import type { InconsistentObject } from "../hasura/client.ts";
import type { RemovedFrom } from "../metadata/intermediate.ts";
import { refuseWithoutMetadata } from "../metadata/kept-differences.ts";
import { recordsOfProject } from "../metadata/open-session.ts";
import type { DoneBefore } from "../metadata/put-back-removed.ts";
import { readMetadataNow } from "../metadata/read-server.ts";
import { replacementNumber } from "../metadata/replacement-numbers.ts";
import { fingerprintOf } from "../plan/fingerprint.ts";
import { refuseChecksumDrift } from "../plan/checksum-drift.ts";
import { assessPlan } from "../plan/assess-plan.ts";
import { isLater, keepPlan, keptIn, refuseUnplanned, withoutKept } from "../plan/kept-plan.ts";
import { preparePlan, type PreparedPlan } from "../plan/prepare-plan.ts";
import { refuseRisks, type RiskConsent } from "../plan/refuse-risks.ts";
import { nothingDone, type RunResult, type RunStop } from "../run-result.ts";
import { adviseRestore } from "../run/advise-restore.ts";
import { isUnreachable } from "../run/confirm-commits.ts";
import { inconsistentObjectsBefore, reloadMetadata, type Reload } from "../run/reload-metadata.ts";
import { failureIn, runUntilDone, type MigrateRun } from "../run/run-until-done.ts";
import { metadataRecords, refuseDisabled, type EngineSession } from "../session.ts";
import type { MetadataRecord } from "../store/store.ts";
import { emitPlan, warnOutOfOrder } from "./emit-plan.ts";
import {
  consentOf,
  isBoundToPlan,
  optionsOf,
  type MigrateOptions,
  type MigrateRequest,
} from "./migrate-options.ts";

/** What a deployment does before and after migrations. */
export interface AroundMigrations {
  /** Part of the plan's fingerprint. */
  readonly fingerprint: string;
  /** New databases that this run has connected to Hasura. */
  readonly connected?: readonly string[];
  /** The inconsistent objects before the migrations. */
  readonly inconsistent: readonly InconsistentObject[];
  /** What is kept for later invocations with a plan that was confirmed. */
  toKeep(): readonly string[];
  /** In a later invocation: throws if it would do something else to the metadata than what was kept. */
  refuseUnkept(kept: ReadonlySet<string>): Promise<void>;
  /**
   * Before the first migration, with what the migrations remove. Resolves to the reason if the run has to stop here, otherwise to
   * undefined.
   */
  before(removals: readonly RemovedFrom[]): Promise<RunStop | undefined>;
  /** Where nothing is pending, or after migrations that succeeded. Unless it has replaced the metadata, Hasura still has to reload it. */
  after(
    result: RunResult,
    hasMigrated: boolean,
  ): Promise<{ readonly result: RunResult; readonly isReplaced: boolean }>;
  /** After a deployment that failed because Hasura does not respond: the next one puts back what is missing. */
  warnMissing(): Promise<void>;
  /** After a deployment that failed or was cancelled. Never throws. */
  putBack(done: DoneBefore): Promise<void>;
}

/** `apply`, `down`, `redo` and `reset-to`: plans, runs the plan, and reloads Hasura's metadata. */
export async function migrate(
  request: MigrateRequest,
  session: EngineSession,
  engine: EngineContext,
  around?: AroundMigrations,
): Promise<RunResult> {
  const options = optionsOf(request, engine.protected === true);
  const { selection, dryRun, strict, reload, noTransaction, changed, sliceMs } = options;
  const { environment } = request;
  const plan = await planToRun(request, options, session, engine, around);
  const consent = consentOf(request, engine.protected === true);
  if (dryRun) return dryRunOf(plan, consent, session, engine);
  refuseRisks(withoutKept(plan.steps, session.databases), consent);
  await emitPlan(plan, dryRun, session, engine);
  const firstPlanOnly = isBoundToPlan(request);
  const { part } = request;
  const run = { plan, session, selection, environment, part, noTransaction, changed, sliceMs };
  return plan.steps.length === 0
    ? nothingPending(around)
    : runAndAdvise(request, { ...run, firstPlanOnly, consent, engine }, { strict, reload, around });
}

/** Throws the failures with which `migrate` would refuse these databases. Shows nothing. */
export async function refuseToMigrate(
  request: MigrateRequest,
  session: EngineSession,
  engine: EngineContext,
  around: Pick<AroundMigrations, "fingerprint">,
): Promise<void> {
  const silent = { ...engine, emit: () => undefined };
  const isProtected = engine.protected === true;
  const plan = await planOf(request, optionsOf(request, isProtected), session, silent, around);
  refuseRisks(withoutKept(plan.steps, session.databases), consentOf(request, isProtected));
}

/** The plan. A later invocation of a confirmed run that is refused restores what an earlier one has removed from the metadata. */
async function planToRun(
  request: MigrateRequest,
  options: MigrateOptions,
  session: EngineSession,
  engine: EngineContext,
  around: AroundMigrations | undefined,
): Promise<PreparedPlan> {
  const isContinued = isBoundToPlan(request) && isLater(request);
  try {
    const plan = await planOf(request, options, session, engine, around);
    if (isContinued) await refuseUnkept(around, keptIn(session.databases));
    return plan;
  } catch (error) {
    if (isContinued && around === undefined && !options.dryRun)
      await putBackWithout(request, session, engine);
    throw error;
  }
}

/** In a later invocation: throws if it would do something else to the metadata than what was kept, or nothing. */
async function refuseUnkept(
  around: AroundMigrations | undefined,
  kept: ReadonlySet<string>,
): Promise<void> {
  if (around) await around.refuseUnkept(kept);
  else refuseWithoutMetadata(kept);
}

/** An earlier invocation has deployed metadata, and may have removed objects from it; the project has none any more. */
async function putBackWithout(
  request: MigrateRequest,
  session: EngineSession,
  engine: EngineContext,
): Promise<void> {
  const { nothingApplied, putBackRemoved, removedBy } =
    await import("../metadata/put-back-removed.ts");
  await putBackRemoved(removedBy(request, session, engine), nothingApplied, engine);
}

/** The plan, with what it does to tables. Throws if it is not the one that was confirmed. */
async function planOf(
  request: MigrateRequest,
  { selection, strict, noTransaction, changed }: MigrateOptions,
  session: EngineSession,
  engine: EngineContext,
  around: Pick<AroundMigrations, "fingerprint" | "connected"> | undefined,
): Promise<PreparedPlan> {
  const { environment } = request;
  refuseDisabled(session);
  // reset-to has its own warning about changed files.
  const databases =
    selection.operation === "reset-to"
      ? session.databases
      : await refuseChecksumDrift(session.databases, strict, engine);
  const prepare = { selection, environment, noTransaction, changed };
  const prepared = await preparePlan(databases, prepare, engine);
  const plan = withMetadata(await assessPlan(prepared, session.databases, engine), around);
  if (isBoundToPlan(request)) refuseUnplanned(plan, request, session.databases, around?.connected);
  return plan;
}

/** Runs a plan that is not empty. After a rollback, also reports how to restore the metadata. */
async function runAndAdvise(
  request: MigrateRequest,
  run: MigrateRun,
  after: AfterPlan,
): Promise<RunResult> {
  const { plan, session, environment, engine } = run;
  const runs = rolledBackRuns(plan, session);
  const result = await runPlanned(run, after);
  const records = (): Promise<readonly MetadataRecord[]> => allRecords(request, session, engine);
  if (result.applied > 0) await adviseRestore(runs, records, environment, engine);
  return result;
}

/** The records in the ledgers of the session, and in those of the project's other databases as far as they can be read. */
async function allRecords(
  request: MigrateRequest,
  session: EngineSession,
  engine: EngineContext,
): Promise<readonly MetadataRecord[]> {
  const { records, otherRecords } = recordsOfProject(request, session, engine);
  try {
    return [...records, ...(await otherRecords(await readMetadataNow(engine)))];
  } catch {
    return records;
  }
}

/** The runs that applied what a plan rolls back and does not apply again. */
function rolledBackRuns({ steps }: PreparedPlan, { databases }: EngineSession): Set<string> {
  const key = ({ database, migration }: PreparedPlan["steps"][number]): string =>
    `${migration.version} ${database.name}`;
  const up = new Set(steps.flatMap((step) => (step.direction === "up" ? [key(step)] : [])));
  return new Set(
    steps.flatMap((step) => {
      const state = databases.find(({ database }) => database.name === step.database.name);
      const isUndone = step.direction === "down" && !up.has(key(step));
      return (isUndone && state?.recorded.get(step.migration.version)?.run) || [];
    }),
  );
}

async function nothingPending(around: AroundMigrations | undefined): Promise<RunResult> {
  return (await afterMigrations(nothingDone, { around })).result;
}

interface AfterPlan {
  readonly strict: boolean;
  readonly reload: boolean;
  readonly around: AroundMigrations | undefined;
}

/** Runs a plan that is not empty, with what comes before and after it. */
async function runPlanned(
  run: MigrateRun,
  { strict, reload, around }: AfterPlan,
): Promise<RunResult> {
  const { plan, selection, engine } = run;
  await warnOutOfOrder(plan, selection, engine);
  const stop = await around?.before(removalsOf(plan));
  if (stop) {
    const stopped = { ...nothingDone, notReached: plan.steps.length, stop };
    return (await afterMigrations(stopped, { around })).result;
  }
  await keepForLater(run, around);
  // Read while the first migration runs: migrations do not change it before the reload.
  const before = reload ? inconsistentBefore(around, engine) : undefined;
  const { touched, ...result } = await runUntilDone(run);
  const deployed = await afterMigrations(result, { around, plan });
  if (isUnreachable(failureIn(result.stop)) || deployed.isReplaced) return deployed.result;
  if (!reload || touched.size === 0) return deployed.result;
  // Also after a failed migration: those before it stay applied, and Hasura does not know their schema yet.
  const broken = await reloadMetadata(
    {
      ...{ touched: [...touched], before, strict: strict || engine.protected === true },
      record: (inconsistent) => recordInconsistent(inconsistent, run),
    },
    engine,
  );
  return withBrokenMetadata(deployed.result, broken);
}

/** Keeps what later invocations may do, where that is not whatever is pending by then. */
async function keepForLater(
  { plan, session, firstPlanOnly }: MigrateRun,
  around: AroundMigrations | undefined,
): Promise<void> {
  if (firstPlanOnly || isSensitive(plan))
    await keepPlan(plan, session.databases, around?.toKeep() ?? []);
}

/** The inconsistent objects before the migrations; a deployment has already read them. */
function inconsistentBefore(
  around: AroundMigrations | undefined,
  engine: EngineContext,
): Reload["before"] {
  return around?.inconsistent ?? inconsistentObjectsBefore(engine);
}

/** Records what is inconsistent after the migrations; the document itself is the same as before. */
function recordInconsistent(
  inconsistent: readonly InconsistentObject[],
  { session, part }: MigrateRun,
): Promise<void> | undefined {
  const [record] = metadataRecords(session);
  return record?.end(replacementNumber("project", part), { inconsistent });
}

/** The plan with a fingerprint that covers the metadata as well. */
export function withMetadata(
  plan: PreparedPlan,
  around: Pick<AroundMigrations, "fingerprint"> | undefined,
): PreparedPlan {
  if (around === undefined) return plan;
  return { ...plan, fingerprint: fingerprintOf([[plan.fingerprint, around.fingerprint]]) };
}

function removalsOf({ steps }: Pick<PreparedPlan, "steps">): RemovedFrom[] {
  return steps.flatMap(({ database, removals = [] }) =>
    removals.map((removed) => ({ database: database.name, removed })),
  );
}

/** Applies the metadata after migrations that succeeded. If either failed, what had been removed from the metadata is put back. */
async function afterMigrations(
  result: RunResult,
  { around, plan }: { readonly around: AroundMigrations | undefined; readonly plan?: PreparedPlan },
): Promise<{ readonly result: RunResult; readonly isReplaced: boolean }> {
  if (around === undefined) return { result, isReplaced: false };
  const deployed =
    result.stop === undefined
      ? await around.after(result, plan !== undefined)
      : { result, isReplaced: false };
  const { stop } = deployed.result;
  if (stop === undefined || stop.stop === "paused") return deployed;
  if (isUnreachable(failureIn(stop))) await around.warnMissing();
  else
    await around.putBack({
      areApplied: result.stop === undefined,
      removals: removalsOf({ steps: plan ? stepsInEffect(plan, result) : [] }),
    });
  return deployed;
}

/** The steps that took effect; the one that failed counts if a part of it may have been committed. */
function stepsInEffect(
  { steps }: PreparedPlan,
  { applied, stop }: RunResult,
): PreparedPlan["steps"] {
  const failure = failureIn(stop);
  const isInterrupted = failure instanceof Failure && failure.code === "interrupted";
  const mayBePartial = failure !== undefined && steps[applied]?.noTransaction === true;
  return steps.slice(0, isInterrupted || mayBePartial ? applied + 1 : applied);
}

/** The result of a run after the reload of the metadata; a run that failed keeps its failure. */
function withBrokenMetadata(result: RunResult, broken: Failure | undefined): RunResult {
  const mayFail = result.stop === undefined || result.stop.stop === "cancelled";
  return broken && mayFail ? { ...result, stop: { stop: "failed", failure: broken } } : result;
}

/** Shows the plan, and refuses it if no confirmation of the caller would make the run possible. */
async function dryRunOf(
  plan: PreparedPlan,
  consent: RiskConsent,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  await emitPlan(plan, true, session, engine);
  if (consent.protected) refuseRisks(plan.steps, consent);
  return nothingDone;
}

/** True if a later invocation of the run might refuse a step of this plan, because its tables have rows by then. */
function isSensitive({ steps }: PreparedPlan): boolean {
  return steps.some((step) => step.isSensitive === true);
}
