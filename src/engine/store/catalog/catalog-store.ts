import { databaseOption } from "../database-option.ts";
import { Failure } from "../../../protocol/failure.ts";
import type { Version } from "../../../protocol/migration.ts";
import type { Request } from "../../../protocol/request.ts";
import { emptyFileNotices, isEmptySql } from "../../sql/is-empty.ts";
import type {
  MigrationStore,
  Database,
  AppliedMigration as Entry,
  Step,
  StepResult,
} from "../store.ts";
import type { EngineContext } from "../../context.ts";
import { hasuraFailure } from "../../hasura/errors.ts";
import { HasuraCallError, type Hasura } from "../../hasura/client.ts";
import type { ConfigVersion } from "../../project/config.ts";
import { isOutcomeUnknown } from "../../hasura/sql-errors.ts";
import { versionsAmong, type WriteQueue, type Unwritten } from "./write-queue.ts";
import type { VersionStore } from "./version-store.ts";

/** What the books of every database in one run share. */
export interface StoreContext {
  readonly hasura: Hasura;
  /** The catalog state, or the table of older projects. */
  readonly versionStore: VersionStore;
  /** Writes to that store, one write at a time for all databases. */
  readonly writer: WriteQueue;
  readonly configVersion: ConfigVersion;
  /** The environment's name, for the commands that messages suggest. */
  readonly environment: string;
  readonly request: Request;
  /** Hasura's own id, kept in its metadata database; empty for a server too old to tell. */
  readonly serverId: string;
  readonly engine: EngineContext;
}

/**
 * The books of the official CLI: Hasura's own record of versions and nothing else. SQL and record cannot be made one, so a lost
 * answer stays unknown. The record of one version is written while the next one runs.
 */
export function catalogStore(database: Database, context: StoreContext): MigrationStore {
  const { versionStore, writer, configVersion } = context;
  const record = (version: Version, to: "applied" | "absent"): void =>
    writer.record({ database: database.name, version, to });
  return {
    kind: "catalog",
    read: async () => {
      const versions = await versionStore.read(database.name);
      return new Map(
        [...versions].map(([version, { dirty }]): [Version, Entry] => [
          version,
          { state: dirty ? "dirty" : "applied" },
        ]),
      );
    },
    run: async (step) => {
      const blank = isEmptySql(step.sql);
      const refused = blank ? undefined : await send(step, context.hasura, configVersion);
      if (refused) return refused;
      record(step.version, step.direction === "up" ? "applied" : "absent");
      return { outcome: "done", notices: emptyFileNotices(step.sql) };
    },
    mark: (marks, as) => {
      for (const { version } of marks) record(version, as === "applied" ? "applied" : "absent");
      return Promise.resolve();
    },
    settle: async () => {
      const left = await writer.settle();
      if (left) throw unwritten(left, context.environment);
    },
    backgroundFailure: () => {
      const left = writer.unwritten();
      return left && unwritten(left, context.environment);
    },
  };
}

async function send(
  step: Step,
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
    const open = error instanceof HasuraCallError && isOutcomeUnknown(error);
    return { outcome: open ? "unknown" : "failed", error };
  }
}

/** About every database of the run: they share one writer, and one failure has to name all that is missing. */
function unwritten({ changes, cause }: Unwritten, environment: string): Failure {
  const missing = [...new Set(changes.map((change) => change.database))].flatMap((database) =>
    (["applied", "absent"] as const).map((to) => ({
      database,
      to,
      versions: versionsAmong(changes, database, to),
    })),
  );
  const commands = missing.flatMap(({ database, to, versions }) => {
    const where = databaseOption(database);
    return versions.length === 0
      ? []
      : [
          `hasura-migrate mark ${environment} ${versions.join(" ")} --${to === "applied" ? "applied" : "pending"}${where}`,
        ];
  });
  const failure = hasuraFailure(cause, "recording versions");
  const reason = failure instanceof Error ? failure.message : String(failure);
  return new Failure(
    failure instanceof Failure ? failure.kind : "unreachable",
    "not-recorded",
    `The SQL of ${missing.flatMap((it) => it.versions).join(", ")} has run, but Hasura's migration state could not be written. ${reason}`,
    { hints: commands, cause },
  );
}
