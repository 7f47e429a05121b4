import { Failure } from "../../../protocol/failure.ts";
import type { Version } from "../../../protocol/migration.ts";
import type { StoreContext } from "../../context.ts";
import { HasuraCallError, type Hasura, type SqlResult } from "../../hasura/client.ts";
import { hasuraFailure } from "../../hasura/errors.ts";
import { maskedError } from "../../hasura/masked-error.ts";
import { isPostgres } from "../../hasura/source-kinds.ts";
import { isOutcomeUnknown } from "../../hasura/sql-errors.ts";
import type { ConfigVersion } from "../../project/config.ts";
import { shortenList } from "../../../shorten-list.ts";
import { emptyFileNotices, isEmptySql } from "../../sql/is-empty.ts";
import { markHint } from "../hints.ts";
import { rehearsalLabelOf } from "../rehearsal-label.ts";
import type {
  AppliedMigration,
  Database,
  MigrationStore,
  RehearsalFrame,
  SeedRecord,
  SeedStep,
  SeedStore,
  Step,
  StepResult,
  StoreCapabilities,
} from "../store.ts";
import { whileLocksWatched } from "../watch-locks.ts";
import { lockHoldersSql, runningPidSql } from "./lock-holders-sql.ts";
import type { StoredVersions, VersionChange } from "./version-store.ts";
import { whileStatementWatched } from "./watch-statement.ts";
import { versionsAmong, type FailedWrite } from "./write-queue.ts";

/** What a store that has only Hasura's catalog state is able to do. */
export const catalogCapabilities: StoreCapabilities = {
  canResume: false,
  atomic: false,
  keepsDownSql: false,
};

/**
 * The record of the official CLI: Hasura's catalog state alone. SQL and record cannot be one
 * transaction, so the outcome of a lost answer stays unknown. The record of one version is written
 * while the next one runs.
 */
export function catalogStore(database: Database, context: StoreContext): MigrationStore {
  const { versionStore, writer, configVersion, environment } = context;
  const change = (version: Version, to: VersionChange["to"]): VersionChange => ({
    ...{ database: database.name, version, to },
  });
  return {
    kind: "catalog",
    ...catalogCapabilities,
    read: async () => recordedVersions(await versionStore.read(database.name)),
    run: async (step) => {
      const failed = isEmptySql(step.sql)
        ? undefined
        : await waitsReported(step, context, () => send(step, context.hasura, configVersion));
      if (failed) return failed;
      writer.record(change(step.version, step.direction === "up" ? "applied" : "absent"));
      return { outcome: "done", notices: emptyFileNotices(step.sql) };
    },
    replace: (step, parts) => {
      writer.record(
        change(step.version, "applied"),
        ...parts.map((version) => change(version, "absent")),
      );
      return Promise.resolve({ outcome: "done", notices: [] });
    },
    mark: (marks, as) => {
      const to = as === "applied" ? "applied" : "absent";
      writer.record(...marks.map(({ version }) => change(version, to)));
      return Promise.resolve();
    },
    seeds: unrecordedSeeds(context, (step) => send(step, context.hasura, configVersion)),
    query: (sql) => catalogQuery(database, context, sql),
    ...(isPostgres(database.kind) && {
      rehearse: (sqlIn: (frame: RehearsalFrame) => string, limitMs: number) =>
        catalogQuery(database, context, sqlIn({ label: rehearsalLabelOf(context) }), limitMs),
    }),
    settle: async () => {
      const failed = await writer.settle();
      if (failed) throw notRecorded(failed, environment);
    },
    backgroundFailure: () => {
      const failed = writer.failedWrite();
      return failed && notRecorded(failed, environment);
    },
  };
}

/** What is applied according to the catalog state. */
export function recordedVersions(versions: StoredVersions): ReadonlyMap<Version, AppliedMigration> {
  return new Map(
    [...versions].map(([version, { dirty }]): [Version, AppliedMigration] => [
      version,
      { state: dirty ? "dirty" : "applied" },
    ]),
  );
}

/**
 * Seeds of a database without a ledger: they are run, and nothing is recorded. It remembers what it has run, so that a new plan does
 * not run it again. `send` resolves to what went wrong.
 */
export function unrecordedSeeds(
  context: StoreContext,
  send: (step: SeedStep) => Promise<StepResult | undefined>,
): SeedStore {
  const done = new Map<string, SeedRecord>();
  return {
    isRecorded: false,
    read: () => Promise.resolve(new Map(done)),
    run: async (step) => {
      const failed = isEmptySql(step.sql)
        ? undefined
        : await waitsReported(step, context, () => send(step));
      if (failed) return failed;
      const { runId } = context.request;
      done.set(step.name, { checksum: step.checksum, run: runId, isFinished: true });
      return { outcome: "done", notices: emptyFileNotices(step.sql) };
    },
    confirm: () => Promise.resolve([]),
  };
}

const lookEveryMs = 2000;

/** A query that takes longer counts as failed, because Hasura may not answer at all. */
const longestAskMs = 10_000;

/** Runs a migration, and reports what it waits for, and who holds a lock that it needs, where PostgreSQL can be asked. */
export function waitsReported<T>(
  { database, sql }: Pick<Step, "database" | "sql">,
  context: Pick<StoreContext, "hasura" | "configVersion" | "engine">,
  run: () => Promise<T>,
): Promise<T> {
  if (!isPostgres(database.kind)) return run();
  const { engine } = context;
  const ask = (question: string) => (): Promise<SqlResult> =>
    catalogQuery(database, context, question, longestAskMs);
  return whileLocksWatched(engine, { everyMs: lookEveryMs, ask: ask(lockHoldersSql(sql)) }, () =>
    whileStatementWatched(engine, ask(runningPidSql(sql)), run),
  );
}

/** Runs a query in the database, through Hasura; it is abandoned after `limitMs`, if set. Throws `HasuraCallError`. */
export function catalogQuery(
  database: Database,
  { hasura, configVersion }: Pick<StoreContext, "hasura" | "configVersion">,
  sql: string,
  limitMs?: number,
): Promise<SqlResult> {
  return hasura.runSql({
    kind: database.kind,
    sql,
    ...(configVersion === 3 && { source: database.name }),
    ...(configVersion >= 2 && { checkMetadataConsistency: false }),
    ...(limitMs !== undefined && { limitMs }),
  });
}

async function send(
  step: Pick<Step, "database" | "sql" | "noTransaction">,
  hasura: Hasura,
  configVersion: ConfigVersion,
): Promise<StepResult | undefined> {
  try {
    await hasura.runSql({
      kind: step.database.kind,
      sql: step.sql,
      ...(configVersion === 3 && { source: step.database.name }),
      ...(configVersion >= 2 && { checkMetadataConsistency: false }),
      ...(step.noTransaction && { noTransaction: true }),
    });
    return undefined;
  } catch (error) {
    const isUnknown = error instanceof HasuraCallError && isOutcomeUnknown(error);
    return {
      outcome: isUnknown ? "unknown" : "failed",
      error: maskedError(error, step.sql),
    };
  }
}

/**
 * Covers every database of the run: they share one writer, and one failure has to name all that is
 * missing.
 */
function notRecorded({ changes, cause }: FailedWrite, environment: string): Failure {
  const missing = [...new Set(changes.map((change) => change.database))].flatMap((database) =>
    (["applied", "absent"] as const)
      .map((to) => ({ database, to, versions: versionsAmong(changes, database, to) }))
      .filter(({ versions }) => versions.length > 0),
  );
  const hints = missing.map(({ database, to, versions }) =>
    markHint(
      { environment, database, versions },
      to === "applied" ? "applied" : "pending",
      "record them yourself",
    ),
  );
  const failure = hasuraFailure(cause, "recording versions");
  const reason = failure instanceof Error ? failure.message : String(failure);
  return new Failure(
    failure instanceof Failure ? failure.kind : "unreachable",
    "not-recorded",
    `The SQL of ${shortenList(missing.flatMap(({ versions }) => versions))} has run, but Hasura's migration state could not be written. ${reason}`,
    { hints, cause },
  );
}
