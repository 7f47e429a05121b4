import { compareVersions, type Version } from "../../protocol/migration.ts";
import { rememberLast } from "../../remember-last.ts";
import type { Migration, MigrationFile } from "../project/scan.ts";
import type { AppliedMigration, Database, RunActor } from "../store/store.ts";

/** The migration files and the applied migrations of one database. */
export interface DatabaseFacts {
  readonly database: Database;
  /** In version order. */
  readonly migrations: readonly Migration[];
  readonly recorded: ReadonlyMap<Version, AppliedMigration>;
  /** Applied versions whose up file has changed since, if they have been looked for. */
  readonly changed?: ReadonlySet<Version>;
  /** Applied versions without a file, and those whose file has changed, as the store keeps them; absent if it keeps nothing, or if they are not needed. */
  readonly kept?: ReadonlyMap<Version, RecordedMigration>;
  /** Applied versions that `reset-to` rolls back, each with what is kept of it. */
  readonly resets?: ReadonlySet<Version>;
  /** The migration that the last `redo` rolled back and could not reapply, if nothing has changed since. */
  readonly halfRedone?: Version;
}

/** A migration as the store keeps it: its `down` is the down SQL that was recorded when it was applied. */
export interface RecordedMigration extends Migration {
  readonly appliedBy?: RunActor;
  /** True if its down SQL is known and contains a statement. */
  readonly canUndo: boolean;
}

/** Sorted and mapped once, because every step does lookups and there may be thousands of steps. */
export interface IndexedDatabase extends DatabaseFacts {
  readonly environment: string;
  readonly byVersion: ReadonlyMap<Version, Migration>;
  /** Migrations that are not applied, whether or not they can be, in order. */
  readonly pending: readonly Migration[];
  /** Applied versions, the highest first. */
  readonly downwards: readonly Version[];
  /** Applied versions, the one applied last first, as far as the order is known. */
  readonly newestFirst: readonly Version[];
}

/** The order in which versions are undone: the reverse of that in which they were applied; by number where only that is known. */
export function newestFirst(recorded: DatabaseFacts["recorded"]): Version[] {
  const orderOf = (version: Version): bigint => recorded.get(version)?.order ?? -1n;
  return [...recorded.keys()].sort((a, b) => {
    const [first, second] = [orderOf(a), orderOf(b)];
    return first === second ? compareVersions(b, a) : first < second ? 1 : -1;
  });
}

const index = rememberLast(
  (migrations: DatabaseFacts["migrations"], recorded: DatabaseFacts["recorded"]) => ({
    byVersion: new Map(migrations.map((migration) => [migration.version, migration])),
    pending: migrations.filter(({ version }) => !recorded.has(version)),
    downwards: [...recorded.keys()].sort(compareVersions).reverse(),
    newestFirst: newestFirst(recorded),
  }),
);

/** A database with what is derived from its migrations and records, which is kept for the next call. */
export function indexed(facts: DatabaseFacts, environment: string): IndexedDatabase {
  return { ...facts, environment, ...index(facts.migrations, facts.recorded) };
}

const withoutFile = rememberLast(
  (migrations: DatabaseFacts["migrations"], recorded: DatabaseFacts["recorded"]) => {
    const versions = new Set(migrations.map(({ version }) => version));
    return [...recorded.keys()].filter((version) => !versions.has(version)).sort(compareVersions);
  },
);

/** Applied versions without a file, in order. */
export function appliedWithoutFile({ migrations, recorded }: DatabaseFacts): readonly Version[] {
  return withoutFile(migrations, recorded);
}

/** Files of pending metadata migrations of config version 1, which are neither run nor recorded. */
export function pendingMetadataMigrations({
  migrations,
  recorded,
}: DatabaseFacts): readonly MigrationFile[] {
  return index(migrations, recorded).pending.flatMap(({ up }) =>
    up?.runnable === false ? [up] : [],
  );
}
