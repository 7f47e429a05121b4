import { Failure } from "../../../protocol/failure.ts";
import { retryHint } from "../../../protocol/hint.ts";
import type { RunInProgress } from "../../../protocol/status-rows.ts";
import type { Version } from "../../../protocol/migration.ts";
import { warn } from "../../emit.ts";
import type { SqlResult } from "../../hasura/client.ts";
import { hasuraFailure } from "../../hasura/errors.ts";
import type {
  AppliedMigration,
  KeptMigration,
  KeptPlan,
  MetadataRecord,
  MigrationStore,
  OnDone,
  RehearsalFrame,
  RunActor,
  RunFilter,
  RunList,
  RunRegistry,
  SeedStore,
  Step,
  StepResult,
  VersionMark,
} from "../store.ts";
import { rehearsalLabelOf } from "../rehearsal-label.ts";
import { acquireTurn } from "./acquire-turn.ts";
import { CatalogSync } from "./catalog-sync.ts";
import { isTransient, query, readLedger, sendRehearsal, untilAnswered } from "./client.ts";
import { CommitTracker } from "./commit-tracker.ts";
import type { LedgerContext } from "./context.ts";
import {
  readActors,
  readCountingHistory,
  readHistory,
  readRunIds,
  withStatements,
} from "./history.ts";
import { readKept, readSquashed, refuseForeignWriters } from "./kept-migrations.ts";
import { LedgerSeeds } from "./ledger-seeds.ts";
import { ledgerMetadataRecord, recordsMetadataSince } from "./metadata-record.ts";
import type { LedgerPosition } from "./position.ts";
import {
  confirmingRollbacks,
  reconcileAgain,
  type CatalogView,
  type Reconciliation,
} from "./reconcile.ts";
import { recordChanges } from "./record-changes.ts";
import { refuseInDoubt, reportReconciliation } from "./report-reconciliation.ts";
import { runLedgerBatch } from "./run-batch.ts";
import { runLedgerStep } from "./run-step.ts";
import type { LedgerSnapshot, OtherRun } from "./snapshot.ts";
import {
  actorsSql,
  cancelRunsSql,
  endRunSql,
  keepPlanSql,
  marking,
  otherRunSql,
  replacement,
  statementsSql,
  type LedgerChange,
} from "./statements.ts";
import { countingHistorySql, historySql, openRunsSql } from "./history-sql.ts";

/** Reads until no other run interferes. */
const maxReads = 8;

/**
 * The ledger of one database: a migration and its record are one transaction, and Hasura's catalog
 * state is written afterwards. The calls of a run: `runs.begin`, `read`, then `run`, `runBatch` or
 * `mark`, `settle`, `confirm`, and `runs.end`.
 */
export class LedgerStore implements MigrationStore {
  readonly kind = "ledger";
  readonly canResume = true;
  readonly atomic = true;
  readonly keepsDownSql: boolean;
  readonly runs: RunRegistry;
  readonly metadata?: MetadataRecord;
  readonly seeds: SeedStore;
  readonly runBatch?: NonNullable<MigrationStore["runBatch"]>;

  readonly #context: LedgerContext;
  readonly #writes: boolean;
  readonly #position: LedgerPosition;
  readonly #commits: CommitTracker;
  readonly #catalog: CatalogSync;
  /** The last snapshot of the ledger, until `read` has used it. */
  #unread: LedgerSnapshot | undefined;
  #others: readonly OtherRun[] = [];
  #halfRedone: Version | undefined;
  #keptPlan: KeptPlan | undefined;
  /** The last request was not answered, so no more are sent. */
  #isUnreachable = false;

  /** `writes`: false for operations that only read; then nothing is reconciled, only compared. */
  constructor(context: LedgerContext, snapshot: LedgerSnapshot, writes: boolean) {
    const { database, writer, versionStore, hasura } = context;
    const { generation, synced } = snapshot;
    this.#context = context;
    this.keepsDownSql = context.keepsDownSql ?? true;
    this.#writes = writes;
    this.#position = { generation, ownGeneration: false, synced, inFlightUpTo: 0n };
    this.#commits = new CommitTracker(generation);
    this.#catalog = new CatalogSync({
      database: database.name,
      writer,
      versions: versionStore,
      synced,
    });
    this.#unread = snapshot;
    this.runs = {
      begin: () => this.#begin(),
      end: (end) => this.#end(end),
      history: (filter) => this.#history(filter),
      others: () => this.#others.map(inProgress),
      findOpen: async (run) => readRunIds(await query(context, openRunsSql(run))),
      cancel: async (run) => readRunIds(await query(context, cancelRunsSql(run, context.liveMs))),
      actors: (runs) => this.#actors(runs),
    };
    if (snapshot.schemaVersion >= recordsMetadataSince)
      this.metadata = ledgerMetadataRecord(context);
    this.seeds = new LedgerSeeds(this.#position, context, snapshot.schemaVersion);
    const { runSqls } = hasura;
    if (runSqls) this.runBatch = (steps, onDone) => this.#runBatch(steps, onDone, runSqls);
  }

  async read(): Promise<ReadonlyMap<Version, AppliedMigration>> {
    for (let reads = 1; reads <= maxReads; reads += 1) {
      const reconciliation = await this.#readAndReconcile();
      if (reconciliation) return reconciliation.records;
    }
    throw planOutdated(this.#context);
  }

  async run(step: Step): Promise<StepResult> {
    const before = this.#position.generation;
    const result = await runLedgerStep(step, this.#position, this.#context);
    this.#noteResult(result, step, before);
    return result;
  }

  async replace(step: Step, parts: readonly Version[]): Promise<StepResult> {
    // Earlier steps are confirmed first, because otherwise its transaction would find a different generation.
    const unconfirmed = await errorOf(this.#confirmAll());
    if (unconfirmed !== undefined) return { outcome: "failed", error: unconfirmed };
    try {
      const changes = replacement(step, parts);
      if (!(await recordChanges(changes, this.#position, this.#context)))
        return { outcome: "replan", reason: "the ledger has changed since the plan was made" };
    } catch (error) {
      return { outcome: isTransient(error) ? "unknown" : "failed", error };
    }
    const { generation } = this.#position;
    this.#commits.reached(generation);
    this.#catalog.recorded({ applied: [step.version], removed: parts }, generation);
    return { outcome: "done", notices: [] };
  }

  async mark(marks: readonly VersionMark[], as: "applied" | "pending"): Promise<void> {
    if (marks.length === 0) return;
    if (!(await recordChanges(marking(marks, as), this.#position, this.#context)))
      throw planOutdated(this.#context);
    const { generation } = this.#position;
    this.#commits.reached(generation);
    const versions = [...new Set(marks.map(({ version }) => version))];
    const recorded = as === "applied" ? { applied: versions } : { removed: versions };
    this.#catalog.recorded(recorded, generation);
  }

  async settle(): Promise<void> {
    const error = this.#isUnreachable ? undefined : await errorOf(this.#confirmAll());
    await this.#settleCatalog();
    if (error !== undefined)
      throw hasuraFailure(error, `confirming what was applied in ${this.#context.database.name}`);
  }

  rehearse(sqlIn: (frame: RehearsalFrame) => string, limitMs: number): Promise<SqlResult> {
    const { request, liveMs } = this.#context;
    const sql = sqlIn({
      label: rehearsalLabelOf(this.#context),
      otherRunSql: otherRunSql(request.runId, liveMs),
    });
    return sendRehearsal(this.#context, sql, limitMs);
  }

  halfRedone(): Version | undefined {
    return this.#halfRedone;
  }

  kept(versions: readonly Version[]): Promise<ReadonlyMap<Version, KeptMigration>> {
    return readKept(versions, this.#context);
  }

  squashed(versions: readonly Version[]): Promise<ReadonlyMap<Version, Version>> {
    return readSquashed(versions, this.#context);
  }

  trustKept(): Promise<void> {
    return refuseForeignWriters(this.#context);
  }

  async keepPlan(steps: readonly string[]): Promise<void> {
    await query(this.#context, keepPlanSql(this.#context.description, steps));
  }

  keptPlan(): KeptPlan | undefined {
    return this.#keptPlan;
  }

  query(sql: string): Promise<SqlResult> {
    return query(this.#context, sql);
  }

  confirm(): Promise<readonly Version[]> {
    return Promise.resolve(this.#commits.takeLost());
  }

  async #actors(runs: readonly string[]): Promise<ReadonlyMap<string, RunActor>> {
    const { memory, database } = this.#context;
    const known = memory?.actorsOf(database.name);
    const unknown = known ? runs.filter((run) => !known.has(run)) : runs;
    if (known && unknown.length === 0) return known;
    const found = readActors(await query(this.#context, actorsSql(unknown)));
    return memory?.addActors(database.name, found) ?? found;
  }

  async #history(filter: RunFilter): Promise<RunList> {
    const { liveMs, database } = this.#context;
    const ask = (sql: string): Promise<SqlResult> => query(this.#context, sql);
    if (filter.countsQueries === true && filter.run === undefined)
      return readCountingHistory(await ask(countingHistorySql(filter, liveMs)), database.name);
    const runs = readHistory(await ask(historySql(filter, liveMs)), database.name);
    const queries = runs.filter(({ operation }) => operation === "sql");
    if (queries.length === 0) return { runs };
    const ids = queries.map(({ runId }) => runId);
    return { runs: withStatements(runs, await ask(statementsSql(ids))) };
  }

  async #begin(): Promise<void> {
    if (this.#writes) this.#unread = await acquireTurn(this.#context);
  }

  async #end(end: Parameters<RunRegistry["end"]>[0]): Promise<void> {
    // An operation that only reads has registered no run, whatever id its request carries.
    if (!this.#writes) return;
    // Also of a run that applied nothing: it may have had changes to write, and a function that has
    // answered is frozen.
    if (this.#catalog.isSyncing) await this.#settleCatalog();
    const { description, serverId, redact } = this.#context;
    const { failure } = end;
    const written = {
      synced: this.#position.synced,
      // A server whose catalog is in doubt does not become the one that is trusted.
      ...(this.#catalog.isSettled && { serverId }),
    };
    const shown = failure === undefined || !redact ? end : { ...end, failure: redact(failure) };
    try {
      await query(this.#context, endRunSql(description, shown, written));
    } catch {
      // The run stays open and stops counting as live automatically; no record of a migration depends
      // on it.
    }
  }

  async #runBatch(
    steps: readonly Step[],
    onDone: OnDone,
    runSqls: Parameters<typeof runLedgerBatch>[3],
  ): Promise<StepResult | undefined> {
    let before = this.#position.generation;
    const remaining = [...steps];
    const report: OnDone = async (done) => {
      this.#noteDone(remaining.shift(), before);
      before += 1n;
      await onDone(done);
    };
    const result = await runLedgerBatch(steps, this.#position, this.#context, runSqls, report);
    if (result) this.#noteResult(result, remaining[0], before);
    else this.#isUnreachable = false;
    return result;
  }

  #noteResult(result: StepResult, step: Step | undefined, before: bigint): void {
    this.#isUnreachable =
      result.outcome === "unknown" || (result.outcome === "failed" && isTransient(result.error));
    if (result.outcome === "done") this.#noteDone(step, before);
  }

  #noteDone(step: Step | undefined, before: bigint): void {
    if (!step) return;
    const { version, direction } = step;
    const confirmed = this.#commits.stepDone({ version, direction }, before);
    if (confirmed) this.#catalog.confirmed(confirmed, this.#commits.generation);
  }

  /** Checks whether the steps reported as done are in the ledger. */
  async #confirmAll(): Promise<void> {
    if (!this.#commits.isPending) return;
    const ledger = await readLedger(this.#context);
    const { confirmed, undone } = this.#commits.check(
      ledger.applied,
      this.#position.generation,
      ledger.generation,
    );
    for (const step of undone) this.#catalog.undone(step);
    if (confirmed) this.#catalog.confirmed(confirmed, this.#commits.generation);
  }

  async #settleCatalog(): Promise<void> {
    const result = await this.#catalog.settle(this.#commits.generation);
    this.#position.synced = this.#catalog.synced;
    if (result === "failed") await warnNotSynced(this.#context);
  }

  /** Undefined where another run has changed the ledger in the meantime. */
  async #readAndReconcile(): Promise<Reconciliation | undefined> {
    const ledger = this.#unread ?? (await this.#readAgain());
    this.#unread = undefined;
    this.#others = ledger.others;
    this.#halfRedone = ledger.halfRedone;
    this.#keptPlan = ledger.planned;
    Object.assign(this.#position, { generation: ledger.generation, ownGeneration: false });
    const catalog = await readCatalog(this.#context, ledger.synced);
    const compared = reconcileAgain(ledger, catalog);
    const reconciliation = this.#context.protected ? confirmingRollbacks(compared) : compared;
    this.#catalog.found(reconciliation);
    if (!this.#writes) return reconciliation;
    refuseInDoubt(reconciliation, this.#context);
    await reportReconciliation(reconciliation, this.#context);
    const isRecorded = await this.#recordReconciliation(reconciliation, catalog.generation);
    return isRecorded ? reconciliation : undefined;
  }

  async #readAgain(): Promise<LedgerSnapshot> {
    await this.#context.writer.settle();
    const ledger = await readLedger(this.#context);
    await refreshCatalog(this.#context);
    return ledger;
  }

  /** False where another run has changed the ledger in the meantime. */
  async #recordReconciliation(
    reconciliation: Reconciliation,
    written: bigint | undefined,
  ): Promise<boolean> {
    const { adopt, forget } = reconciliation;
    const changes: LedgerChange[] = [
      ...adopt.map((version): LedgerChange => ({ what: "adopted", version, name: "" })),
      ...forget.map((version): LedgerChange => ({ what: "forgotten", version, name: "" })),
    ];
    if (changes.length > 0 && !(await recordChanges(changes, this.#position, this.#context)))
      return false;
    this.#commits.reached(this.#position.generation);
    this.#catalog.reconciled(reconciliation, this.#position.generation, written);
    return true;
  }
}

function inProgress({ run, operation, actor, ms }: OtherRun): RunInProgress {
  const { user, host, ciJob } = actor;
  return {
    ...{ runId: run, operation, user, host },
    ...(ciJob !== undefined && { ciJob }),
    ageMs: Math.max(0, Math.round(ms)),
  };
}

function planOutdated({ database }: LedgerContext): Failure {
  return new Failure(
    "busy",
    "plan-outdated",
    `Other runs keep changing the applied migrations of ${database.name}.`,
    { hints: [retryHint({ reason: "run it again when the other runs have ended" })] },
  );
}

async function errorOf(work: Promise<void>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * A catalog that is behind what was written to it is read again: another run may have ended since.
 */
async function readCatalog(context: LedgerContext, synced: bigint): Promise<CatalogView> {
  const { serverId, versionStore, database } = context;
  const read = () => untilAnswered(context, () => versionStore.read(database.name));
  let versions = await read();
  if ((versionStore.generation(database.name) ?? -1n) < synced) {
    await refreshCatalog(context);
    versions = await read();
  }
  const generation = versionStore.generation(database.name);
  return { serverId, versions, ...(generation !== undefined && { generation }) };
}

async function refreshCatalog(context: LedgerContext): Promise<void> {
  await untilAnswered(context, async () => context.versionStore.refresh?.(context.database.name));
}

function warnNotSynced({ database, engine }: LedgerContext): Promise<void> {
  return warn(
    engine,
    "catalog-not-synced",
    `Everything is applied and recorded in ${database.name}'s ledger, but Hasura's own migration state could not be updated; the next run will retry.`,
  );
}
