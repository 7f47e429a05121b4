import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint, type Hint } from "../../protocol/hint.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { warn } from "../emit.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import { isUnusable } from "../project/migration-file.ts";
import type { MigrationFile } from "../project/scan.ts";
import type { DatabaseState } from "../session.ts";
import { markHint } from "../store/hints.ts";
import { appliedByText } from "./applied-as.ts";
import { findChecksumDrift } from "./checksum-drift.ts";
import { keptMigrations } from "./kept-rollbacks.ts";
import type { Selection } from "./select-steps.ts";
import { appliedWithoutFile } from "./indexed-database.ts";

/** A database that is to be reset: `state.resets` contains the versions to roll back. */
interface ResetState {
  readonly state: DatabaseState;
  /** Versions that should be rolled back, but cannot be. */
  readonly withoutWayBack: readonly Version[];
  /** Applied versions whose file has changed, which are left as they are. */
  readonly changed: readonly Version[];
  /** True if the project has no migrations for the database and the request does not name it: it is left as it is. */
  readonly isLeft: boolean;
}

/** The parts of a selection that decide what `reset-to` does. */
export type ResetOptions = Pick<Selection, "keep" | "changed" | "databaseNamed">;

/**
 * What `reset-to` rolls back in each database: applied versions that have no file in the project and, with `changed`, those whose
 * file has changed. Throws `usage/no-way-back` if one of them cannot be rolled back, or with `keep` leaves it, with a
 * warning.
 */
export async function resetStates(
  databases: readonly DatabaseState[],
  options: ResetOptions,
  environment: string,
  engine: EngineContext,
): Promise<DatabaseState[]> {
  const resets: ResetState[] = [];
  for (const state of databases) resets.push(await resetState(state, options));
  const stuck = resets.filter(({ withoutWayBack }) => withoutWayBack.length > 0);
  if (stuck.length > 0 && options.keep !== true) throw noWayBack(stuck, environment);
  for (const reset of resets) await warnOfLeft(reset, engine);
  return resets.map(({ state }) => state);
}

async function resetState(
  state: DatabaseState,
  { changed, databaseNamed }: ResetOptions,
): Promise<ResetState> {
  if (state.migrations.length === 0 && databaseNamed !== true)
    return { state, withoutWayBack: [], changed: [], isLeft: state.recorded.size > 0 };
  const differing = [...(await findChecksumDrift(state))];
  const withoutFile = appliedWithoutFile(state);
  const replaced = await replacedParts(state, withoutFile);
  const versions = [
    ...withoutFile.filter((version) => !replaced.has(version)),
    ...(changed === true ? differing : []),
  ];
  const kept = await keptMigrations(state, [...new Set([...versions, ...differing])]);
  const canUndo = (version: Version): boolean => kept?.get(version)?.canUndo === true;
  return {
    state: {
      ...state,
      ...(kept && { kept }),
      resets: new Set(versions.filter(canUndo)),
    },
    withoutWayBack: versions.filter((version) => !canUndo(version)),
    changed: changed === true ? [] : differing,
    isLeft: false,
  };
}

/**
 * Applied versions that a file of the project squashes, and that are therefore not rolled back: all parts of a pending squash, which
 * replaces them, and what is still recorded of the parts of an applied one, such as one that `mark` recorded.
 */
async function replacedParts(
  { migrations, recorded }: DatabaseState,
  withoutFile: readonly Version[],
): Promise<Set<Version>> {
  if (withoutFile.length === 0) return new Set();
  const files = migrations.flatMap(({ version, up }) =>
    up?.runnable === true ? [{ isApplied: recorded.has(version), up }] : [],
  );
  const squashes = await mapConcurrent(files, async ({ isApplied, up }) => ({
    isApplied,
    parts: await squashedBy(up),
  }));
  return new Set(
    squashes
      .filter(({ isApplied, parts }) => isApplied || parts.every((part) => recorded.has(part)))
      .flatMap(({ parts }) => parts),
  );
}

/** The versions that a file squashes. One that cannot be run squashes nothing; if it is pending, the plan refuses it. */
async function squashedBy(up: MigrationFile): Promise<readonly Version[]> {
  try {
    return (await up.body()).directives.squashes ?? [];
  } catch (thrown) {
    if (isUnusable(thrown)) return [];
    throw thrown;
  }
}

async function warnOfLeft(
  { state, withoutWayBack, changed, isLeft }: ResetState,
  engine: EngineContext,
): Promise<void> {
  const { name } = state.database;
  if (isLeft)
    await warn(
      engine,
      "database-left",
      `The project has no migrations for ${name}, so it is not reset. To reset it, add --database ${name}.`,
    );
  if (withoutWayBack.length > 0)
    await warn(
      engine,
      "left-applied",
      `Left applied in ${name}, because there is no down SQL for them: ${shortenList(withoutWayBack)}.`,
    );
  if (changed.length > 0)
    await warn(
      engine,
      "changed-file",
      `Left as they are in ${name}, although their files changed after they were applied: ${changed.join(", ")}. To roll them back and apply them again, add --changed.`,
    );
}

/** At most this many versions are listed with who applied them; the rest are counted. */
const mostListed = 20;

function noWayBack(stuck: readonly ResetState[], environment: string): Failure {
  const lines = stuck.flatMap(({ state, withoutWayBack }) =>
    withoutWayBack.map((version) => describe(state, version)),
  );
  const names = stuck.map(({ state }) => state.database.name).join(", ");
  const more = lines.length - mostListed;
  const count = lines.length === 1 ? "1 version" : `${String(lines.length)} versions`;
  return new Failure(
    "usage",
    "no-way-back",
    `${count} would have to be rolled back in ${names}, but the ledger has no down SQL for ${lines.length === 1 ? "it" : "them"}; nothing was changed.`,
    {
      hints: [
        ...lines.slice(0, mostListed).map(textHint),
        ...(more > 0 ? [textHint(`And ${String(more)} more.`)] : []),
        retryHint({ with: ["--keep"], reason: "leave them applied, and reset the rest" }),
        runHint(["status", environment], "see all of them"),
        ...stuck.map((one) => markStuck(one, environment)),
      ],
    },
  );
}

/** `1700000000200_coupons: ada applied it on the branch add-coupons at commit 1a2b3c4.` */
function describe({ kept }: DatabaseState, version: Version): string {
  const migration = kept?.get(version);
  const label = migrationLabel({ version, name: migration?.name ?? "" });
  const by = migration?.appliedBy;
  return by === undefined ? `${label}.` : `${label}: ${appliedByText(by)}.`;
}

function markStuck({ state, withoutWayBack }: ResetState, environment: string): Hint {
  const target = { environment, database: state.database.name, versions: withoutWayBack };
  return markHint(target, "pending", "if there is nothing to undo, or you have undone it by hand");
}
