import type { DatabasePlan, PlanItem } from "../../protocol/events.ts";
import type { Failure } from "../../protocol/failure.ts";
import { migrationLabel } from "../../protocol/migration.ts";
import type { RequestOf } from "../../protocol/request.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import type { InconsistentObject } from "../hasura/client.ts";
import type { RemovedFrom } from "../metadata/intermediate.ts";
import { refuseWithoutMetadata } from "../metadata/kept-differences.ts";
import { otherRecords } from "../metadata/open-session.ts";
import { readMetadataNow } from "../metadata/read-server.ts";
import { replacementNumber } from "../metadata/replacement-numbers.ts";
import { fingerprintOf } from "../plan/fingerprint.ts";
import { refuseChecksumDrift } from "../plan/checksum-drift.ts";
import { assessPlan } from "../plan/assess-plan.ts";
import {
  addedSteps,
  isLater,
  keepPlan,
  keptIn,
  planOutdated,
  refuseNewSteps,
  refuseUnplanned,
  withoutKept,
} from "../plan/kept-plan.ts";
import { preparePlan, type PreparedPlan } from "../plan/prepare-plan.ts";
import type { Changed } from "../plan/refuse-changed.ts";
import { refuseRisks, type RiskConsent } from "../plan/refuse-risks.ts";
import type { Selection } from "../plan/select-steps.ts";
import { nothingDone, type RunResult, type RunStop } from "../run-result.ts";
import { adviseRestore } from "../run/advise-restore.ts";
import { confirmCommits, isUnreachable } from "../run/confirm-commits.ts";
import { applyHint, halfRedoneFailure, halfRedoneText } from "../run/half-redone.ts";
import { inconsistentObjectsBefore, reloadMetadata, type Reload } from "../run/reload-metadata.ts";
import { runPlan, type PlanResult, type PlanStop } from "../run/run-plan.ts";
import type { Slice } from "../run/stop-before.ts";
import { metadataRecords, readState, refuseDisabled, type EngineSession } from "../session.ts";
import type { MetadataRecord } from "../store/store.ts";

type MigrateRequest = RequestOf<"apply" | "down" | "redo" | "reset-to">;

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
  /** After a deployment that failed or was cancelled. Never throws. */
  putBack(done: DoneBefore): Promise<void>;
}

/** What a deployment that failed has done before. */
export interface DoneBefore {
  /** True if all migrations are applied. */
  readonly areApplied: boolean;
  /** What the migrations that it has applied removed. */
  readonly removals: readonly RemovedFrom[];
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
  const plan = await planOf(request, options, session, engine, around);
  if (isBoundToPlan(request) && isLater(request))
    await refuseUnkept(around, keptIn(session.databases));
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

/** In a later invocation: throws if it would do something else to the metadata than what was kept, or nothing. */
async function refuseUnkept(
  around: AroundMigrations | undefined,
  kept: ReadonlySet<string>,
): Promise<void> {
  if (around) await around.refuseUnkept(kept);
  else refuseWithoutMetadata(kept);
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
  const own = metadataRecords(session);
  const opened = session.databases.map(({ database }) => database.name);
  try {
    const server = await readMetadataNow(engine);
    return [...own, ...(await otherRecords(request, opened, server, engine))];
  } catch {
    return own;
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
  if (isUnreachable(failureIn(result.stop))) return result;
  const deployed = await afterMigrations(result, { around, plan });
  if (deployed.isReplaced || !reload || touched.size === 0) return deployed.result;
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
  if (stop && stop.stop !== "paused" && !isUnreachable(failureIn(stop)))
    await around.putBack({
      areApplied: result.stop === undefined,
      removals: removalsOf({ steps: plan?.steps.slice(0, result.applied) ?? [] }),
    });
  return deployed;
}

/** The result of a run after the reload of the metadata; a run that failed keeps its failure. */
function withBrokenMetadata(result: RunResult, broken: Failure | undefined): RunResult {
  const mayFail = result.stop === undefined || result.stop.stop === "cancelled";
  return broken && mayFail ? { ...result, stop: { stop: "failed", failure: broken } } : result;
}

/** True for a run that was confirmed with its plan, or rolls back. */
export function isBoundToPlan({ operation, options }: MigrateRequest): boolean {
  return operation !== "apply" || options.expectedPlan !== undefined;
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

/** The risks that the request accepts. The caller confirms every operation but `apply` before sending it. */
function consentOf(request: MigrateRequest, isProtected: boolean): RiskConsent {
  const { environment, operation, options } = request;
  const { allow = [], refuseRisks: isAsProtected = false, confirm, expectedPlan } = options;
  const isConfirmed = confirm === environment || expectedPlan !== undefined;
  const confirmed = operation !== "apply" || isConfirmed || request.options.yes === true;
  return { environment, protected: isProtected || isAsProtected, allow, confirmed };
}

async function emitPlan(
  plan: PreparedPlan,
  dryRun: boolean,
  session: EngineSession,
  engine: EngineContext,
): Promise<void> {
  const databases = dryRun ? await withUsers(plan, session) : plan.databases;
  const { fingerprint } = plan;
  await emit(engine, {
    type: "plan",
    ...(dryRun && { dryRun }),
    fingerprint,
    databases: [...databases],
  });
}

/** Names migrations that run after newer versions, which may have been written without them in mind. */
async function warnOutOfOrder(
  { databases }: PreparedPlan,
  { operation }: Selection,
  engine: EngineContext,
): Promise<void> {
  if (operation !== "apply" && operation !== "reset-to") return;
  for (const { database, items } of databases) {
    const late = items.filter(({ outOfOrder }) => outOfOrder === true);
    const names = late.map((migration) => migrationLabel(migration));
    if (names.length > 0)
      await warn(
        engine,
        "out-of-order",
        `Out of order, older than an applied version in ${database}: ${shortenList(names)}.`,
      );
  }
}

/** Maximum number of plans per run, if somebody keeps changing the database. */
const mostPlans = 20;

interface MigrateRun {
  readonly plan: PreparedPlan;
  readonly session: EngineSession;
  readonly selection: Selection;
  readonly environment: string;
  /** Of the run's invocations. */
  readonly part: number | undefined;
  readonly noTransaction: boolean;
  readonly changed: Changed;
  readonly sliceMs: number | undefined;
  /** Only steps of the first plan may be done, because it was shown and confirmed, or rolls back. */
  readonly firstPlanOnly: boolean;
  readonly consent: RiskConsent;
  readonly engine: EngineContext;
}

interface MigrateResult extends RunResult {
  readonly touched: ReadonlySet<string>;
}

/** What was done under the plans so far. */
interface MigrateProgress {
  readonly applied: number;
  readonly touched: ReadonlySet<string>;
  readonly slice: Slice;
}

/**
 * Runs a plan. Plans again if the database has changed since, or if a commit that Hasura confirmed did not happen; what was done
 * counts, and is not done again.
 */
async function runUntilDone(run: MigrateRun): Promise<MigrateResult> {
  const { session, environment, engine, sliceMs } = run;
  let plan = run.plan;
  let progress: MigrateProgress = {
    applied: 0,
    touched: new Set(),
    slice: {
      untilMs: sliceMs === undefined ? undefined : engine.now() + sliceMs,
      progressed: false,
    },
  };
  for (let plans = 1; ; plans += 1) {
    const result = await runPlan({ steps: plan.steps, environment, slice: progress.slice, engine });
    const lost = isUnreachable(failureOf(result)) ? 0 : await confirmAll(session, engine);
    progress = progressAfter(progress, result, lost);
    const { applied, touched } = progress;
    const { notReached } = result;
    const end = (stop: RunStop): Promise<MigrateResult> =>
      endedEarly({ applied, notReached, touched, stop }, plan, run);
    const stop = finalStop(result);
    if (stop) return end(stop);
    if (result.stop === undefined && lost === 0) return { applied, notReached, touched };
    const selection = remainingSelection(run.selection, applied, run.plan);
    if (!selection || plans >= mostPlans)
      return end({ stop: "failed", failure: planOutdated(replanReason(result.stop)) });
    try {
      plan = await planAgain({ ...run, selection });
    } catch (failure) {
      // What was done so far is still reported, and the metadata is reloaded.
      return end({ stop: "failed", failure });
    }
  }
}

/** A run that ends before its plan is done. If a redo has only rolled back, its migration is named, and how to apply it. */
async function endedEarly(
  result: MigrateResult & { readonly stop: RunStop },
  plan: PreparedPlan,
  { environment, engine }: MigrateRun,
): Promise<MigrateResult> {
  const { stop, applied, notReached } = result;
  const step = plan.steps.at(-1);
  // A step that was reached has reported its own failure; here the second half of a redo was not reached.
  if (step?.redone !== true || applied === 0 || notReached === 0 || stop.stop === "paused")
    return result;
  if (stop.stop === "failed")
    return {
      ...result,
      stop: { stop: "failed", failure: halfRedoneFailure(stop.failure, step, environment) },
    };
  await warn(engine, "half-redone", halfRedoneText(step), applyHint(step, environment, "apply it"));
  return result;
}

/** The plan with the users who applied what is rolled back, where the ledger knows them. */
async function withUsers(
  plan: PreparedPlan,
  { databases }: EngineSession,
): Promise<DatabasePlan[]> {
  return Promise.all(
    plan.databases.map(async (database): Promise<DatabasePlan> => {
      const state = databases.find((other) => other.database.name === database.database);
      const runOf = ({ version, direction }: PlanItem): string | undefined =>
        direction === "down" ? state?.recorded.get(version)?.run : undefined;
      const runs = [...new Set(database.items.flatMap((item) => runOf(item) ?? []))];
      if (runs.length === 0) return database;
      const actors = await state?.store.runs?.actors(runs);
      const items = database.items.map((item) => {
        const actor = actors?.get(runOf(item) ?? "");
        return actor === undefined ? item : { ...item, appliedBy: actor.user };
      });
      return { ...database, items };
    }),
  );
}

function progressAfter(
  { applied, touched, slice }: MigrateProgress,
  result: PlanResult,
  lost: number,
): MigrateProgress {
  return {
    applied: applied + result.applied - lost,
    touched: new Set([...touched, ...result.touched]),
    slice: { ...slice, progressed: slice.progressed || result.applied > 0 },
  };
}

/** Why the run ends, unless it continues with a new plan. A pause comes first: the next invocation resolves the rest. */
function finalStop({ stop, unsettled }: PlanResult): RunStop | undefined {
  if (stop?.stop === "failed" || stop?.stop === "paused") return stop;
  if (unsettled !== undefined) return { stop: "failed", failure: unsettled };
  return stop?.stop === "replan" ? undefined : stop;
}

function failureIn(stop: PlanStop | undefined): unknown {
  return stop?.stop === "failed" ? stop.failure : undefined;
}

function failureOf({ stop, unsettled }: PlanResult): unknown {
  return failureIn(stop) ?? unsettled;
}

/** Throws `busy/plan-outdated` where the new plan has what may not be done. */
async function planAgain(run: MigrateRun): Promise<PreparedPlan> {
  const { session, selection, environment, noTransaction, changed, engine } = run;
  const databases = await Promise.all(session.databases.map(readState));
  const prepared = await preparePlan(
    databases,
    { selection, environment, noTransaction, changed },
    engine,
  );
  const added = addedSteps(prepared.steps, run.plan.steps);
  const plan = added.length > 0 ? await assessPlan(prepared, databases, engine) : prepared;
  const { fingerprint } = plan;
  await emit(engine, { type: "plan", fingerprint, databases: [...plan.databases] });
  if (run.firstPlanOnly) refuseNewSteps(plan, databases, run.plan.steps);
  // These steps were not shown to anybody.
  refuseRisks(addedSteps(plan.steps, run.plan.steps), { ...run.consent, confirmed: false });
  return plan;
}

/** Confirms what the stores have reported as done; returns how many versions are not. */
function confirmAll({ databases }: EngineSession, engine: EngineContext): Promise<number> {
  const reported = databases.map(({ store, database }) => ({
    database: database.name,
    confirm: async () => (await store.confirm?.()) ?? [],
  }));
  return confirmCommits(reported, engine);
}

/** What is left of a selection after `done` steps; undefined if only a person can decide what to do next. */
function remainingSelection(
  selection: Selection,
  done: number,
  { steps: [first] }: PreparedPlan,
): Selection | undefined {
  const { operation, steps } = selection;
  // A redo that has done something has rolled back.
  if (operation === "redo" && done > 0)
    return first && { operation: "apply", only: first.migration.version, redone: true };
  return steps === undefined ? selection : { ...selection, steps: Math.max(1, steps - done) };
}

function replanReason(stop: PlanStop | undefined): string {
  return stop?.stop === "replan" ? stop.reason : "a commit did not happen";
}

interface MigrateOptions {
  readonly selection: Selection;
  readonly dryRun: boolean;
  readonly strict: boolean;
  readonly reload: boolean;
  readonly noTransaction: boolean;
  readonly changed: Changed;
  readonly sliceMs: number | undefined;
}

/** The request's options with their defaults. */
function optionsOf(request: MigrateRequest, isProtected: boolean): MigrateOptions {
  const changed = changedOf(request.options.changed, isProtected);
  const { dryRun = false, reload = true } = request.options;
  const common = {
    dryRun,
    reload,
    strict: false,
    noTransaction: false,
    sliceMs: undefined,
    changed,
  };
  if (request.operation === "redo") {
    const selection: Selection = { operation: "redo", only: request.options.version };
    return { ...common, selection };
  }
  const { noTransaction = false, sliceMs } = request.options;
  return {
    ...{ ...common, noTransaction, sliceMs },
    ...("strict" in request.options && { strict: request.options.strict ?? false }),
    selection: selectionOf(request, isProtected),
  };
}

/** A protected environment accepts older versions only with `outOfOrder`. */
function selectionOf(
  request: Exclude<MigrateRequest, { operation: "redo" }>,
  isProtected: boolean,
): Selection {
  if (request.operation === "down") {
    const { steps, to, only, all } = request.options;
    return { operation: "down", steps, to, only, all };
  }
  const outOfOrder = request.options.outOfOrder ?? (isProtected ? false : undefined);
  if (request.operation === "apply") {
    const { steps, to, only } = request.options;
    return { operation: "apply", steps, to, only, outOfOrder };
  }
  const { keep, changed, database } = request.options;
  return {
    ...{ operation: "reset-to", outOfOrder, keep, changed },
    databaseNamed: database !== undefined,
  };
}

function changedOf(option: boolean | undefined, isProtected: boolean): Changed {
  if (isProtected) return "never";
  return option === true ? "allowed" : "refused";
}
