import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint } from "../../protocol/hint.ts";
import { compareVersions, type Direction, type Version } from "../../protocol/migration.ts";
import type { Migration, MigrationFile } from "../project/scan.ts";
import type { Database } from "../store/store.ts";
import { isOther, otherMigration } from "./applied-as.ts";
import { indexed, type DatabaseFacts, type IndexedDatabase } from "./indexed-database.ts";
import { noFile, unfinished, unknownVersion } from "./selection-failures.ts";

/**
 * Which migrations to run (docs/internals/hasura-protocol.md, "Which migrations a command
 * selects"; differences are listed in docs/compatibility.md).
 */
export interface Selection {
  readonly operation: "apply" | "down" | "redo" | "reset-to";
  /** At most this many; `down` without other options takes one. */
  readonly steps?: number | undefined;
  /** apply: nothing above it. down: everything above it. */
  readonly to?: Version | undefined;
  /** This version alone, regardless of order; for `redo`, instead of the one applied last. */
  readonly only?: Version | undefined;
  readonly all?: boolean | undefined;
  /** apply: `only` is what a redo has rolled back. */
  readonly redone?: boolean;
  /** `false` refuses versions that are older than an applied one. */
  readonly outOfOrder?: boolean | undefined;
  /** reset-to: leave versions that cannot be rolled back. */
  readonly keep?: boolean | undefined;
  /** reset-to: also roll back applied versions whose file has changed, and apply them again. */
  readonly changed?: boolean | undefined;
  /** reset-to: the request names the database. */
  readonly databaseNamed?: boolean | undefined;
}

export interface PlannedStep {
  readonly database: Database;
  readonly migration: Migration;
  readonly direction: Direction;
  readonly file: MigrationFile;
  /** Older than an applied version. */
  readonly outOfOrder: boolean;
  /** Applies what the same `redo`, or an earlier one, has rolled back. */
  readonly redone?: boolean;
}

/**
 * The steps for one database, in order; nothing is planned unless every file that is needed exists. `environment` is for
 * suggested commands.
 * Throws `usage` failures (`unknown-version`, `already-applied`, `not-applied`, `other-migration`, `no-up-file`, `no-down-file`, `out-of-order`)
 * and `migration` failures (`dirty`, `interrupted`).
 */
export function selectSteps(
  facts: DatabaseFacts,
  selection: Selection,
  environment: string,
): PlannedStep[] {
  const database = indexed(facts, environment);
  refuseUnfinished(database, selection);
  switch (selection.operation) {
    case "apply":
      return upSteps(database, selection);
    case "down":
      return downVersions(database, selection).map((version) => stepFor(database, version, "down"));
    case "redo":
      return redoSteps(database, selection);
    case "reset-to":
      return resetSteps(database, selection);
  }
}

/** Rolls back the versions to be reset, most recent first, then applies the versions that are pending after that. */
function resetSteps(facts: IndexedDatabase, { outOfOrder, keep }: Selection): PlannedStep[] {
  const { resets = new Set(), kept, database, environment } = facts;
  const downs = facts.newestFirst.flatMap((version): PlannedStep[] => {
    const migration = resets.has(version) ? kept?.get(version) : undefined;
    const file = migration?.down;
    return migration && file
      ? [{ database, migration, direction: "down", file, outOfOrder: false }]
      : [];
  });
  const rolledBack = new Set(downs.map(({ migration }) => migration.version));
  const recorded = new Map([...facts.recorded].filter(([version]) => !rolledBack.has(version)));
  const after = indexed({ ...facts, recorded }, environment);
  return [...downs, ...upSteps(after, { operation: "apply", outOfOrder, keep })];
}

/**
 * Rolls back and applies one migration. A migration that a failed redo left pending is only applied, because it is already rolled
 * back.
 */
function redoSteps(facts: IndexedDatabase, { only }: Selection): PlannedStep[] {
  const version = only ?? halfRedone(facts) ?? facts.newestFirst[0];
  if (version === undefined) return [];
  const up = { ...stepFor(facts, version, "up"), redone: true };
  return facts.recorded.has(version) ? [stepFor(facts, version, "down"), up] : [up];
}

export function halfRedone({ halfRedone: version, recorded, byVersion }: IndexedDatabase) {
  return version !== undefined && !recorded.has(version) && byVersion.has(version)
    ? version
    : undefined;
}

/** The down file whose text a ledger records with this step. */
export function recordedDownFile({
  direction,
  migration: { down },
}: PlannedStep): MigrationFile | undefined {
  return direction === "up" && down?.runnable ? down : undefined;
}

function upSteps(
  facts: IndexedDatabase,
  { steps, to, only, outOfOrder, keep, redone = false }: Selection,
): PlannedStep[] {
  const isMeant = (version: Version): boolean =>
    only === undefined ? to === undefined || compareVersions(version, to) <= 0 : version === only;
  if (keep !== true) refuseOther(facts, [...(facts.kept?.keys() ?? [])].filter(isMeant));
  if (only !== undefined) return [{ ...onlyStep(facts, only), redone }];
  if (to !== undefined) refuseUnknown(facts, to);
  const planned = facts.pending
    .filter(({ up }) => up?.runnable !== false)
    .filter(({ version }) => isMeant(version))
    .slice(0, steps)
    .map(({ version }) => stepFor(facts, version, "up"));
  const older = planned.find((step) => step.outOfOrder);
  if (outOfOrder !== false || !older) return planned;
  throw new Failure(
    "usage",
    "out-of-order",
    `${older.file.path} is older than a version that is applied in ${facts.database.name}.`,
    {
      hints: [
        textHint("Give the migration a newer version."),
        retryHint({ with: ["--out-of-order"], reason: "apply it out of order" }),
      ],
    },
  );
}

function onlyStep(facts: IndexedDatabase, version: Version): PlannedStep {
  if (!facts.recorded.has(version)) return stepFor(facts, version, "up");
  throw new Failure(
    "usage",
    "already-applied",
    `Version ${version} is already applied in ${facts.database.name}.`,
  );
}

function downVersions(
  facts: IndexedDatabase,
  { steps, to, only, all }: Selection,
): readonly Version[] {
  const applied = facts.newestFirst;
  if (only !== undefined) return [mustBeApplied(facts, only)];
  if (to !== undefined) {
    refuseUnknown(facts, to);
    mustBeApplied(facts, to);
    return applied.filter((version) => compareVersions(version, to) > 0).slice(0, steps);
  }
  return all ? applied : applied.slice(0, steps ?? 1);
}

function stepFor(facts: IndexedDatabase, version: Version, direction: Direction): PlannedStep {
  const { database, recorded } = facts;
  refuseOther(facts, [version]);
  const migration = migrationFor(facts, version, direction);
  const file = direction === "up" ? migration?.up : migration?.down;
  if (!migration && !recorded.has(version)) throw unknownVersion(facts, version);
  if (!migration || !file || !file.runnable) throw noFile(facts, version, direction, migration);
  const outOfOrder = direction === "up" && isOlderThanApplied(version, facts);
  return { database, migration, direction, file, outOfOrder };
}

/**
 * Throws `usage/other-migration` if one of these versions is applied as a migration that is not the project's: the project's would not be
 * applied, and what somebody else applied would be taken for it.
 */
function refuseOther(
  { recorded, byVersion, kept, environment, database: { name } }: IndexedDatabase,
  versions: readonly Version[],
): void {
  for (const version of versions) {
    const [own, applied] = [byVersion.get(version), kept?.get(version)];
    if (own && applied && recorded.has(version) && isOther(applied, own))
      throw otherMigration(applied, own, { environment, database: name });
  }
}

/**
 * The files of a version. To undo one whose up file has changed, those of the store, if it has down SQL: the project's down file may be
 * that of the new text.
 */
function migrationFor(
  { byVersion, kept }: IndexedDatabase,
  version: Version,
  direction: Direction,
): Migration | undefined {
  const own = byVersion.get(version);
  const stored = kept?.get(version);
  if (!own) return stored;
  return direction === "down" && stored?.canUndo ? stored : own;
}

function isOlderThanApplied(version: Version, { downwards: [highest] }: IndexedDatabase): boolean {
  return highest !== undefined && compareVersions(version, highest) < 0;
}

/**
 * An interrupted migration always stops. A dirty one stops only if it is the highest version, and not where steps or one version
 * are selected (docs/internals/hasura-protocol.md, "Dirty versions").
 */
function refuseUnfinished(facts: IndexedDatabase, { steps, only, operation }: Selection): void {
  const interrupted = [...facts.recorded].find(([, { state }]) => state === "interrupted");
  if (interrupted) throw unfinished(facts, interrupted[0], "interrupted");
  const [highest] = facts.downwards;
  if (steps !== undefined || only !== undefined || operation === "redo" || highest === undefined)
    return;
  if (facts.recorded.get(highest)?.state === "dirty") throw unfinished(facts, highest, "dirty");
}

function refuseUnknown(facts: IndexedDatabase, version: Version): void {
  if (facts.recorded.has(version) || facts.byVersion.has(version)) return;
  throw unknownVersion(facts, version);
}

function mustBeApplied(
  { recorded, database, environment }: IndexedDatabase,
  version: Version,
): Version {
  if (recorded.has(version)) return version;
  throw new Failure(
    "usage",
    "not-applied",
    `Version ${version} is not applied in ${database.name}.`,
    { hints: [runHint(["status", environment], "see what is applied")] },
  );
}
