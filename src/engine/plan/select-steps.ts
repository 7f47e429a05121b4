import { databaseOption } from "../store/database-option.ts";
import { Failure } from "../../protocol/failure.ts";
import { compareVersions, type Direction, type Version } from "../../protocol/migration.ts";
import type { Database, AppliedMigration as Entry } from "../store/store.ts";
import type { Migration, MigrationFile } from "../project/scan.ts";

/**
 * Which steps are asked for (docs/internals/hasura-protocol.md, "Which migrations a command
 * selects"; differences are listed in docs/compatibility.md).
 */
export interface Selection {
  readonly operation: "apply" | "down" | "redo";
  /** At most this many; `down` takes one unless something else is said. */
  readonly steps?: number | undefined;
  /** apply: nothing above it. down: everything above it. */
  readonly to?: Version | undefined;
  /** This version alone, whatever its place in the order. */
  readonly only?: Version | undefined;
  readonly all?: boolean | undefined;
  /** `false` refuses versions older than one that is applied. */
  readonly outOfOrder?: boolean | undefined;
}

/** What is known of one database before anything runs. */
export interface Known {
  readonly database: Database;
  /** In the order of their versions. */
  readonly migrations: readonly Migration[];
  readonly recorded: ReadonlyMap<Version, Entry>;
}

export interface PlannedStep {
  readonly database: Database;
  readonly migration: Migration;
  readonly direction: Direction;
  readonly file: MigrationFile;
  /** Older than something already applied. */
  readonly outOfOrder: boolean;
}

/**
 * The steps of one database, in order. Every file that is needed is there, or nothing is planned at all.
 * Throws `usage` failures (`unknown-version`, `already-applied`, `not-applied`, `no-up-file`, `no-down-file`, `out-of-order`) and
 * `migration` failures (`dirty`, `interrupted`).
 */
export function selectSteps(all: Known, selection: Selection): PlannedStep[] {
  const known = indexed(all);
  refuseBroken(known, selection);
  if (selection.operation === "apply") return upSteps(known, selection);
  if (selection.operation === "down")
    return downVersions(known, selection).map((version) => step(known, version, "down"));
  const [last] = known.downwards;
  return last === undefined ? [] : [step(known, last, "down"), step(known, last, "up")];
}

/** Applied versions that have no file here, in order. */
export function missingHere({ migrations, recorded }: Known): Version[] {
  const here = new Set(migrations.map((migration) => migration.version));
  return [...recorded.keys()].filter((version) => !here.has(version)).sort(compareVersions);
}

/** Pending metadata migrations of config version 1, which are neither run nor recorded. */
export function notRunnable({ migrations, recorded }: Known): Migration[] {
  return migrations.filter((it) => it.up?.runnable === false && !recorded.has(it.version));
}

/** Looked up once for each step, so sorted and mapped once: thousands of migrations are planned in no time. */
interface Indexed extends Known {
  readonly byVersion: ReadonlyMap<Version, Migration>;
  /** Applied versions, the highest first. */
  readonly downwards: readonly Version[];
}

function indexed(known: Known): Indexed {
  return {
    ...known,
    byVersion: new Map(known.migrations.map((it) => [it.version, it])),
    downwards: [...known.recorded.keys()].sort(compareVersions).reverse(),
  };
}

function upSteps(known: Indexed, { steps, to, only, outOfOrder }: Selection): PlannedStep[] {
  const { migrations, recorded, database } = known;
  if (only !== undefined) {
    if (recorded.has(only))
      throw new Failure(
        "usage",
        "already-applied",
        `Version ${only} is already applied in ${database.name}.`,
      );
    return [step(known, only, "up")];
  }
  if (to !== undefined) refuseUnknown(known, to);
  const pending = migrations
    .filter((it) => !recorded.has(it.version) && it.up?.runnable !== false)
    .filter((it) => to === undefined || compareVersions(it.version, to) <= 0)
    .slice(0, steps);
  const planned = pending.map((it) => step(known, it.version, "up"));
  const odd = planned.filter((it) => it.outOfOrder);
  if (outOfOrder === false && odd[0]) {
    throw new Failure(
      "usage",
      "out-of-order",
      `${odd[0].file.path} is older than a version that is applied in ${database.name}.`,
      {
        hints: ["give it a newer version, or allow its order:", "--out-of-order"],
      },
    );
  }
  return planned;
}

function downVersions(known: Indexed, { steps, to, only, all }: Selection): readonly Version[] {
  const applied = known.downwards;
  if (only !== undefined) return [mustBeApplied(known, only)];
  if (to !== undefined) {
    refuseUnknown(known, to);
    mustBeApplied(known, to);
    return applied.filter((version) => compareVersions(version, to) > 0).slice(0, steps);
  }
  return all ? applied : applied.slice(0, steps ?? 1);
}

function step(known: Indexed, version: Version, direction: Direction): PlannedStep {
  const { database, recorded } = known;
  const migration = known.byVersion.get(version);
  const file = direction === "up" ? migration?.up : migration?.down;
  if (!migration && !recorded.has(version)) throw unknownVersion(known, version);
  if (!migration || !file || !file.runnable) throw noFile(database, version, direction, migration);
  const [highest] = known.downwards;
  const outOfOrder =
    direction === "up" && highest !== undefined && compareVersions(version, highest) < 0;
  return { database, migration, direction, file, outOfOrder };
}

/**
 * Only the highest version's flag stops, and not where steps or one version are asked for
 * (docs/internals/hasura-protocol.md, "Dirty versions").
 */
function refuseBroken(known: Indexed, { steps, only, operation }: Selection): void {
  const interrupted = [...known.recorded].find(([, { state }]) => state === "interrupted");
  if (interrupted) throw broken(known.database, interrupted[0], "interrupted");
  const [highest] = known.downwards;
  if (steps !== undefined || only !== undefined || operation === "redo" || highest === undefined)
    return;
  if (known.recorded.get(highest)?.state === "dirty")
    throw broken(known.database, highest, "dirty");
}

function refuseUnknown(known: Indexed, version: Version): void {
  if (known.recorded.has(version) || known.byVersion.has(version)) return;
  throw unknownVersion(known, version);
}

function mustBeApplied({ recorded, database }: Known, version: Version): Version {
  if (recorded.has(version)) return version;
  throw new Failure(
    "usage",
    "not-applied",
    `Version ${version} is not applied in ${database.name}.`,
    {
      hints: ["hasura-migrate status <environment>"],
    },
  );
}

function unknownVersion({ database, migrations }: Known, version: Version): Failure {
  const last = migrations.at(-1);
  return new Failure(
    "usage",
    "unknown-version",
    `There is no version ${version} in ${database.name}.`,
    {
      hints: last ? [`the newest version here is ${last.version} (${last.name})`] : [],
    },
  );
}

function noFile(
  database: Database,
  version: Version,
  direction: Direction,
  migration: Migration | undefined,
): Failure {
  const other = migration?.up ?? migration?.down;
  const why = other ? `only ${other.path} is there` : "no file of that version is here";
  return new Failure(
    "usage",
    `no-${direction}-file`,
    `Version ${version} in ${database.name} has no ${direction}.sql (missing or empty): ${why}.`,
    {
      hints:
        direction === "up"
          ? ["write its up.sql, or remove the migration"]
          : [
              "write its down.sql, or take the migrations from where it was applied: another branch, an older image",
            ],
    },
  );
}

function broken(database: Database, version: Version, state: "dirty" | "interrupted"): Failure {
  const where = databaseOption(database.name);
  return new Failure(
    "migration",
    state,
    `Version ${version} in ${database.name} is ${state}: an earlier run broke off inside it.`,
    {
      hints: [
        "look at the database, then say which of the two is true:",
        `hasura-migrate mark <environment> ${version} --applied${where}`,
        `hasura-migrate mark <environment> ${version} --pending${where}`,
      ],
    },
  );
}
