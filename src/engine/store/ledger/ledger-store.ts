import type { Version } from "../../../protocol/migration.ts";
import type { MigrationStore, AppliedMigration as Entry, Step, StepResult } from "../store.ts";
import type { GenerationChange, VersionChange } from "../catalog/version-store.ts";
import { Failure } from "../../../protocol/failure.ts";
import { hasuraFailure } from "../../hasura/errors.ts";
import { endRunSql, type LedgerChange } from "./statements.ts";
import { readLedger, isTransient, sendUntilAnswered, untilAnswered } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { requestCancelSql, historySql, readCancelled, readHistory } from "./history.ts";
import type { Position } from "./send-step.ts";
import { runLedgerBatch } from "./run-batch.ts";
import { runLedgerStep } from "./run-step.ts";
import { recordChanges } from "./record-changes.ts";
import { reconcile, type CatalogView, type Reconciliation } from "./reconcile.ts";
import { emit } from "../../emit.ts";
import { refuseInDoubt, reportReconciliation } from "./report-reconciliation.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { acquireTurn } from "./acquire-turn.ts";

/**
 * The ledger's books of one database: every migration and its record in one transaction, and Hasura's catalog state told
 * afterwards. `writing` is false for what only looks: then nothing is reconciled, only understood.
 */
export function ledgerStore(
  context: LedgerContext,
  first: LedgerSnapshot,
  writing: boolean,
): MigrationStore {
  const { database, writer, versionStore } = context;
  const { runId } = context.request;
  const { runSqls } = context.hasura;
  const position: Position = {
    generation: first.generation,
    mine: false,
    synced: first.synced,
    lostUpTo: 0n,
  };
  /** What was reported as done, and the last of it, whose commit nothing has shown yet. */
  const done = new Map<Version, Step["direction"]>();
  let unconfirmed: Version | undefined;
  let confirmed = first.generation;
  let lost: Version[] = [];
  let outOfReach = false;
  let snapshot = first;
  let unresolved: readonly Version[] = [];
  let used = false;
  /** The catalog state has heard, or is hearing, all that the ledger knows. */
  let telling = false;
  let saidUntold = false;

  const version = (it: Version, to: "applied" | "absent"): VersionChange => ({
    database: database.name,
    version: it,
    to,
  });
  const generation = (): GenerationChange => ({
    database: database.name,
    generation: String(confirmed),
  });

  /** The catalog state hears of a migration when its commit is certain: what it wrongly believed could not be told from a restored copy. */
  const confirmLast = (): void => {
    if (unconfirmed === undefined) return;
    writer.note(
      version(unconfirmed, done.get(unconfirmed) === "down" ? "absent" : "applied"),
      generation(),
    );
    unconfirmed = undefined;
  };

  const noteDone = (step: Step | undefined, before: bigint): void => {
    if (!step) return;
    // Its `enter` has found the generation that the one before it made.
    confirmed = before;
    confirmLast();
    done.set(step.version, step.direction);
    unconfirmed = step.version;
  };

  const noteResult = (result: StepResult, step: Step | undefined, before: bigint): void => {
    outOfReach =
      result.outcome === "unknown" || (result.outcome === "failed" && isTransient(result.error));
    if (result.outcome === "done") noteDone(step, before);
  };

  const confirmAll = async (): Promise<void> => {
    if (unconfirmed === undefined) return;
    snapshot = await readLedger(context);
    const missing = [...done].filter(
      ([it, direction]) => snapshot.applied.has(it) !== (direction === "up"),
    );
    lost = missing.map(([it]) => it);
    for (const [it, direction] of missing) {
      if (it !== unconfirmed) writer.record(version(it, direction === "up" ? "absent" : "applied"));
      else unconfirmed = undefined;
      done.delete(it);
    }
    if (lost.length === 0) confirmed = position.generation;
    confirmLast();
  };

  /** False where another run has changed the books meanwhile. */
  const adjust = async (verdict: Reconciliation, told: bigint | undefined): Promise<boolean> => {
    const changes: LedgerChange[] = [
      ...verdict.adopt.map((it): LedgerChange => ({ what: "adopted", version: it, name: "" })),
      ...verdict.forget.map((it): LedgerChange => ({ what: "forgotten", version: it, name: "" })),
    ];
    if (changes.length > 0 && !(await recordChanges(changes, position, context))) return false;
    confirmed = position.generation;
    const tells = verdict.tell.map((it) => version(it.version, it.to));
    // Also where nothing else is to be told: what another tool does to the versions is believed only next to the newest generation.
    const lift = verdict.restored.length === 0 && (told ?? 0n) !== confirmed;
    telling = verdict.restored.length === 0;
    if (tells.length > 0 || lift)
      writer.record(...tells, ...(verdict.restored.length === 0 ? [generation()] : []));
    return true;
  };

  /** Waits until Hasura's catalog state has been written, or says that it could not be. */
  const tellCatalog = async (): Promise<void> => {
    const left = await writer.settle();
    if (!left)
      position.synced = least(confirmed, versionStore.generation(database.name) ?? confirmed);
    else if (!saidUntold) await emit(context.engine, untold(context));
    saidUntold ||= left !== undefined;
  };

  const readOnce = async (): Promise<Reconciliation | undefined> => {
    if (used) {
      await writer.settle();
      snapshot = await readLedger(context);
      await refreshed(context);
    }
    used = true;
    Object.assign(position, { generation: snapshot.generation, mine: false });
    const catalog = await catalogView(context, snapshot.synced);
    const verdict = reconcile(snapshot, catalog);
    unresolved = verdict.restored;
    if (!writing) return verdict;
    refuseInDoubt(verdict, context);
    await reportReconciliation(verdict, context);
    return (await adjust(verdict, catalog.generation)) ? verdict : undefined;
  };

  return {
    kind: "ledger",
    begin: async () => {
      if (writing) snapshot = await acquireTurn(context);
    },
    read: async (): Promise<ReadonlyMap<Version, Entry>> => {
      for (let reads = 1; reads <= mostReads; reads += 1) {
        const verdict = await readOnce();
        if (verdict) return verdict.records;
      }
      throw movedOn(context);
    },
    run: async (step): Promise<StepResult> => {
      const before = position.generation;
      const result = await runLedgerStep(step, position, context);
      noteResult(result, step, before);
      return result;
    },
    ...(runSqls && {
      runBatch: async (steps, onDone) => {
        let before = position.generation;
        const left = [...steps];
        const result = await runLedgerBatch(steps, position, context, runSqls, async (how) => {
          noteDone(left.shift(), before);
          before += 1n;
          await onDone(how);
        });
        if (result) noteResult(result, left[0], before);
        else outOfReach = false;
        return result;
      },
    }),
    mark: async (marks, as) => {
      const changes = marks.map(({ version: it, checksum }): LedgerChange =>
        as === "applied"
          ? { what: "marked applied", version: it, name: "", checksum }
          : { what: "marked pending", version: it, name: "" },
      );
      if (changes.length === 0) return;
      if (!(await recordChanges(changes, position, context))) throw movedOn(context);
      confirmed = position.generation;
      const marked = new Set(marks.map((it) => it.version));
      unresolved = unresolved.filter((other) => !marked.has(other));
      const told = [...marked].map((it) => version(it, as === "applied" ? "applied" : "absent"));
      writer.record(...told, ...(unresolved.length === 0 ? [generation()] : []));
    },
    confirm: async () => {
      const taken = lost;
      lost = [];
      return taken;
    },
    settle: async () => {
      const error = outOfReach ? undefined : await thrownBy(confirmAll());
      await tellCatalog();
      if (error !== undefined)
        throw hasuraFailure(error, `confirming what was applied in ${database.name}`);
    },
    history: async (which) =>
      readHistory(
        await sendUntilAnswered(context, historySql(which, context.liveMs)),
        database.name,
      ),
    cancel: async (run) =>
      readCancelled(await sendUntilAnswered(context, requestCancelSql(run, context.liveMs))),
    end: async (how) => {
      // What only looked has begun no run, whatever id its request carries.
      if (!writing) return;
      // Also of a run that had nothing to apply: it may have had something to tell, and a function that has answered is frozen.
      if (telling) await tellCatalog();
      try {
        snapshot = readSnapshot(
          await sendUntilAnswered(
            context,
            endRunSql(runId, how, position.synced, context.serverId),
          ),
        );
      } catch {
        // The run's row stays open and stops counting as live by itself; nothing of what is applied depends on it.
      }
    },
  };
}

const mostReads = 8;

function movedOn({ database }: LedgerContext): Failure {
  return new Failure(
    "busy",
    "plan-outdated",
    `Other runs keep changing what is applied in ${database.name}.`,
    { hints: ["run again"] },
  );
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

async function thrownBy(work: Promise<void>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A catalog that lags behind what it was told is looked at again: another run may have ended since this one read it. */
async function catalogView(context: LedgerContext, told: bigint): Promise<CatalogView> {
  const { serverId, versionStore, database } = context;
  let versions = await untilAnswered(context, () => versionStore.read(database.name));
  if ((versionStore.generation(database.name) ?? -1n) < told) {
    await refreshed(context);
    versions = await untilAnswered(context, () => versionStore.read(database.name));
  }
  const generation = versionStore.generation(database.name);
  return { serverId, versions, ...(generation !== undefined && { generation }) };
}

async function refreshed(context: LedgerContext): Promise<void> {
  await untilAnswered(context, async () => context.versionStore.refresh?.(context.database.name));
}

function untold({ database }: LedgerContext): {
  type: "log";
  level: "warning";
  code: string;
  message: string;
} {
  const message = `Everything is applied and recorded in ${database.name}'s ledger, but Hasura's own migration state could not be written; the next run tells it.`;
  return { type: "log", level: "warning", code: "catalog-not-told", message };
}
