import type { DatabasePlan, PlanItem } from "../../protocol/plan-items.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { isKeptRollback, migrationLabel, type Version } from "../../protocol/migration.ts";
import type { EngineContext } from "../context.ts";
import { warn } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { firstWithNoTransaction, isOlder, parseServerVersion } from "../hasura/server-version.ts";
import { supportsNoTransaction } from "../hasura/wire.ts";
import { rememberLast } from "../../remember-last.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import type { MigrationBody } from "../project/migration-file.ts";
import type { DatabaseState } from "../session.ts";
import { maskPasswords } from "../sql/mask-passwords.ts";
import { isKeptDown, tooLongToKeep } from "../store/kept-down.ts";
import type { AppliedMigration } from "../store/store.ts";
import { findMisparsedLine } from "../sql/no-transaction-check.ts";
import type { RemovedName } from "./assessment.ts";
import { fingerprintOf, type FingerprintPart } from "./fingerprint.ts";
import { withKept, withKeptOfChanged } from "./kept-rollbacks.ts";
import { refuseChanged, type Changed } from "./refuse-changed.ts";
import { refuseEmptyDown } from "./refuse-empty-down.ts";
import { refuseUnfinished } from "./refuse-unfinished.ts";
import { resetStates } from "./reset-states.ts";
import { databaseNeeded } from "./resolve-databases.ts";
import { refuseSquashed, replacedBy } from "./squashes.ts";
import { recordedDownFile, selectSteps, type PlannedStep, type Selection } from "./select-steps.ts";
import { appliedWithoutFile, pendingMetadataMigrations } from "./indexed-database.ts";

/** A planned step that has passed every check. Its file is read again when its turn comes. */
export interface ReadyStep extends PlannedStep {
  readonly store: DatabaseState["store"];
  readonly noTransaction: boolean;
  readonly item: PlanItem;
  readonly fingerprint: FingerprintPart;
  /** What its file drops, renames, or moves to another schema. */
  readonly removals?: readonly RemovedName[];
  /** True if it is a risk for tables that exist or may exist; see `FileAssessment`. */
  readonly isSensitive?: boolean;
  /** Its down file is too long for the ledger. */
  readonly isDownTooLong?: true;
  /** The applied versions in whose place it is recorded, without running its file. */
  readonly replaces?: readonly Version[];
}

export interface PreparedPlan {
  readonly steps: readonly ReadyStep[];
  readonly databases: readonly DatabasePlan[];
  /** Of all steps; see `refuseOtherPlan`. */
  readonly fingerprint: string;
}

export interface PlanOptions {
  readonly selection: Selection;
  /** For suggested commands. */
  readonly environment: string;
  /** Run every file outside a transaction. */
  readonly noTransaction?: boolean;
  /** Whether uploaded files that differ from the image's may be run; `refused` by default. */
  readonly changed?: Changed;
  /** Include the text of each file in the plan. */
  readonly withSql?: boolean;
}

/** Plans all databases in order. Every problem that can be detected before anything runs is thrown here. */
export async function preparePlan(
  databases: readonly DatabaseState[],
  options: PlanOptions,
  engine: EngineContext,
): Promise<PreparedPlan> {
  const { selection } = options;
  refuseManyDatabases(databases, selection);
  const steps: ReadyStep[] = [];
  const plans: DatabasePlan[] = [];
  for (const state of await statesFor(databases, options, engine)) {
    const planned = selectSteps(state, selection, options.environment);
    if (planned.some(({ file }) => isKeptRollback(file.path))) await state.store.trustKept?.();
    await refuseSquashed(planned, state, options.environment);
    const ready = await mapConcurrent(planned, (step) => readyStep(step, state, options));
    steps.push(...ready);
    plans.push({
      database: state.database.name,
      kind: state.database.kind,
      applied: state.recorded.size,
      items: ready.map(({ item }) => item),
      files: versionsOf(state.migrations),
    });
    await warnAboutFiles(state, selection, engine);
    await warnNotKept(ready, engine);
  }
  refuseChanged(steps, options.changed ?? "refused");
  await refuseWithoutSupport(steps, engine);
  await refuseMisparsed(steps);
  return {
    steps,
    databases: plans,
    fingerprint: fingerprintOf(steps.map(({ fingerprint }) => fingerprint)),
  };
}

/** The databases, with what is stored of versions whose file is not the one that was applied. */
async function statesFor(
  databases: readonly DatabaseState[],
  { selection, environment }: PlanOptions,
  engine: EngineContext,
): Promise<readonly DatabaseState[]> {
  switch (selection.operation) {
    case "apply":
      return mapConcurrent(databases, withKeptOfChanged);
    case "reset-to":
      return resetStates(databases, selection, environment, engine);
    default:
      return mapConcurrent(databases, withKept);
  }
}

const versionsOf = rememberLast((migrations: DatabaseState["migrations"]): string[] =>
  migrations.map(({ version }) => version),
);

async function readyStep(
  step: PlannedStep,
  state: DatabaseState,
  options: PlanOptions,
): Promise<ReadyStep> {
  const { store, database, recorded } = state;
  const body = await step.file.body();
  refuseEmptyDown(step, body, options.environment);
  refuseUnfinished(body.sql, step.file.path, database.kind);
  // Its text will be recorded, so it must be readable before anything runs.
  const down = store.keepsDownSql ? await recordedDownFile(step)?.body() : undefined;
  const { version } = step.migration;
  const replaces = replacedBy(step, body.directives, state, options.environment);
  const requested = options.noTransaction === true || body.directives.noTransaction;
  const noTransaction = requested && supportsNoTransaction(database.kind);
  const ready = {
    ...{ ...step, store, noTransaction },
    ...(down && !isKeptDown(down.sql) && { isDownTooLong: true as const }),
    ...(replaces && { replaces }),
  };
  return {
    ...ready,
    fingerprint: [
      ...[database.name, version, step.direction, body.checksum, noTransaction],
      ...(replaces ?? []),
    ],
    item: itemOf(ready, body, recorded.get(version), options),
  };
}

function itemOf(
  step: Omit<ReadyStep, "item" | "fingerprint">,
  body: MigrationBody,
  record: AppliedMigration | undefined,
  { withSql }: PlanOptions,
): PlanItem {
  const { migration, direction, file, noTransaction, outOfOrder, replaces } = step;
  const appliedAt = direction === "down" ? record?.appliedAt : undefined;
  return {
    version: migration.version,
    name: migration.name,
    direction,
    file: file.path,
    lines: body.lines,
    transaction: !noTransaction,
    ...(appliedAt && { appliedAt: appliedAt.toISOString() }),
    ...(outOfOrder && { outOfOrder: true }),
    ...(file.differsFromImage && { differsFromImage: true }),
    ...(replaces && { replaces: [...replaces] }),
    ...(withSql && { sql: maskPasswords(body.sql) }),
  };
}

/**
 * A version, a target or a rollback concerns one database, which must be named where there are several; for a rollback also one
 * that has records and no files.
 */
function refuseManyDatabases(
  databases: readonly DatabaseState[],
  { operation, to, only }: Selection,
): void {
  const names = databases
    .filter(
      ({ migrations, recorded }) =>
        migrations.length > 0 || (operation !== "apply" && recorded.size > 0),
    )
    .map(({ database }) => database.name);
  const isWhole = operation === "reset-to" || operation === "apply";
  if (names.length < 2 || (isWhole && to === undefined && only === undefined)) return;
  throw databaseNeeded(names);
}

async function warnAboutFiles(
  state: DatabaseState,
  { operation }: Selection,
  engine: EngineContext,
): Promise<void> {
  // reset-to rolls them back, or has already warned about those that it leaves.
  const missing = operation === "reset-to" ? [] : appliedWithoutFile(state);
  if (missing.length > 0 && state.migrations.length > 0) {
    const shown = missing.slice(-5).join(", ");
    const older = missing.length > 5 ? ` and ${String(missing.length - 5)} older` : "";
    await warn(
      engine,
      "missing-files",
      `Applied in ${state.database.name}, but without a migration file: ${shown}${older}.`,
    );
  }
  for (const { path } of pendingMetadataMigrations(state))
    await warn(engine, "metadata-migration", `${path} is a metadata migration and is ignored.`);
}

async function warnNotKept(steps: readonly ReadyStep[], engine: EngineContext): Promise<void> {
  for (const { isDownTooLong, migration } of steps)
    if (isDownTooLong)
      await warn(engine, "down-not-kept", tooLongToKeep(migrationLabel(migration)));
}

/**
 * The server's statement splitter would change the text (docs/internals/hasura-protocol.md,
 * "Statements outside a transaction").
 */
async function refuseMisparsed(steps: readonly ReadyStep[]): Promise<void> {
  for (const { file, noTransaction } of steps) {
    if (!noTransaction) continue;
    const line = findMisparsedLine((await file.body()).sql);
    if (line === undefined) continue;
    throw new Failure(
      "usage",
      "no-transaction-misread",
      `${file.path}, line ${String(line)}: outside a transaction, Hasura splits a file at semicolons and removes anything that looks like a comment, even inside this quoted text.`,
      {
        hints: [
          textHint(
            "Write the text without -- and /* (for instance with chr(45)), or move it to a separate file that runs in a transaction.",
          ),
        ],
      },
    );
  }
}

/**
 * Servers before 2.45.3 ignore `no_transaction` without a message
 * (docs/internals/hasura-protocol.md, "Statements outside a transaction"). A version that cannot be
 * parsed counts as new.
 */
async function refuseWithoutSupport(
  steps: readonly ReadyStep[],
  engine: EngineContext,
): Promise<void> {
  const first = steps.find(({ noTransaction }) => noTransaction);
  if (!first) return;
  const text = await engine.hasura.version().catch((error: unknown) => {
    throw hasuraFailure(error, "reading its version");
  });
  const version = parseServerVersion(text);
  if (!version || !isOlder(version, firstWithNoTransaction)) return;
  throw new Failure(
    "usage",
    "no-transaction-unsupported",
    `${first.file.path} must run outside a transaction, which Hasura ${text} does not support.`,
    {
      hints: [
        textHint(`Upgrade Hasura to ${firstWithNoTransaction.join(".")} or newer.`),
        textHint("Or write the file so that it can run in a transaction."),
      ],
    },
  );
}
