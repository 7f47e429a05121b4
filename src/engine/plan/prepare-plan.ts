import type { DatabasePlan, PlanItem } from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import type { EngineContext } from "../context.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { knowsNoTransaction } from "../hasura/wire.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import type { MigrationBody } from "../project/migration-file.ts";
import { findMisparsedLine } from "../sql/no-transaction-check.ts";
import {
  missingHere,
  notRunnable,
  selectSteps,
  type PlannedStep,
  type Selection,
} from "./select-steps.ts";
import { warn } from "../emit.ts";
import { firstWithNoTransaction, isOlder, parseServerVersion } from "../hasura/server-version.ts";
import type { DatabaseState, EngineSession } from "../session.ts";

/** One step of a run with what its file says of itself; the text is read again when its turn comes. */
export interface ReadyStep extends PlannedStep {
  readonly store: DatabaseState["store"];
  readonly noTransaction: boolean;
  readonly item: PlanItem;
}

export interface PlannedRun {
  readonly steps: readonly ReadyStep[];
  readonly databases: readonly DatabasePlan[];
}

interface Options {
  /** Every file outside a transaction. */
  readonly noTransaction?: boolean | undefined;
  /** With the text of each file in the plan. */
  readonly sql?: boolean;
}

/** Everything that can be known to go wrong is found here, before anything runs: in the order of the databases. */
export async function preparePlan(
  session: EngineSession,
  selection: Selection,
  options: Options,
  engine: EngineContext,
): Promise<PlannedRun> {
  refuseManyDatabases(session, selection);
  const steps: ReadyStep[] = [];
  const databases: DatabasePlan[] = [];
  for (const known of session.databases) {
    const planned = selectSteps(known, selection);
    const ready = await mapConcurrent(planned, async (step) =>
      readyStep(step, await step.file.body(), known, options),
    );
    steps.push(...ready);
    const newestFile = known.migrations.at(-1)?.version;
    databases.push({
      database: known.database.name,
      kind: known.database.kind,
      applied: known.recorded.size,
      items: ready.map((it) => it.item),
      ...(newestFile !== undefined && { newestFile }),
    });
    await sayWhatIsOdd(known, engine);
  }
  await refuseWithoutSupport(steps, engine);
  await refuseMisread(steps);
  return { steps, databases };
}

function readyStep(
  step: PlannedStep,
  body: MigrationBody,
  known: DatabaseState,
  options: Options,
): ReadyStep {
  const asked = options.noTransaction === true || body.directives.noTransaction;
  const noTransaction = asked && knowsNoTransaction(known.database.kind);
  return {
    ...step,
    store: known.store,
    noTransaction,
    item: {
      version: step.migration.version,
      name: step.migration.name,
      direction: step.direction,
      file: step.file.path,
      lines: body.lines,
      transaction: !noTransaction,
      ...(step.outOfOrder && { outOfOrder: true }),
      ...(options.sql && { sql: body.sql }),
    },
  };
}

/** A version, a target or a roll-back means one database; which one must be said where there are several. */
function refuseManyDatabases(
  { databases }: EngineSession,
  { operation, to, only }: Selection,
): void {
  const names = databases.filter((it) => it.migrations.length > 0).map((it) => it.database.name);
  if (names.length < 2 || (operation === "apply" && to === undefined && only === undefined)) return;
  throw new Failure(
    "usage",
    "database-needed",
    `There are several databases (${names.join(", ")}): say which one.`,
    {
      hints: names.map((name) => `--database ${name}`),
    },
  );
}

async function sayWhatIsOdd(known: DatabaseState, engine: EngineContext): Promise<void> {
  const missing = missingHere(known);
  if (missing.length > 0 && known.migrations.length > 0) {
    const shown =
      missing.length > 5
        ? `${missing.slice(-5).join(", ")} and ${String(missing.length - 5)} older`
        : missing.join(", ");
    await warn(
      engine,
      "missing-files",
      `Applied in ${known.database.name}, but not among the migrations here: ${shown}.`,
    );
  }
  for (const { up, version } of notRunnable(known)) {
    await warn(
      engine,
      "metadata-migration",
      `${up?.path ?? version} is a metadata migration, which is no longer run.`,
    );
  }
}

/**
 * The server's statement splitter would change the text (docs/internals/hasura-protocol.md,
 * "Statements outside a transaction").
 */
async function refuseMisread(steps: readonly ReadyStep[]): Promise<void> {
  for (const { file, noTransaction } of steps) {
    if (!noTransaction) continue;
    const line = findMisparsedLine((await file.body()).sql);
    if (line === undefined) continue;
    throw new Failure(
      "usage",
      "no-transaction-misread",
      `${file.path}, line ${String(line)}: outside a transaction Hasura cuts a file at semicolons and drops what looks like a comment, also inside this quoted text.`,
      {
        hints: [
          "write the text without -- and /* (for instance with chr(45)), or move it to a file of its own that runs in a transaction",
        ],
      },
    );
  }
}

/**
 * Servers before 2.45.3 ignore `no_transaction` without a message
 * (docs/internals/hasura-protocol.md, "Statements outside a transaction"). A version that cannot be
 * read counts as new.
 */
async function refuseWithoutSupport(
  steps: readonly ReadyStep[],
  engine: EngineContext,
): Promise<void> {
  const first = steps.find((it) => it.noTransaction);
  if (!first) return;
  const text = await engine.hasura.version().catch((error: unknown) => {
    throw hasuraFailure(error, "asking for its version");
  });
  const version = parseServerVersion(text);
  if (!version || !isOlder(version, firstWithNoTransaction)) return;
  throw new Failure(
    "usage",
    "no-transaction-unsupported",
    `${first.file.path} wants to run outside a transaction, which Hasura ${text} cannot do.`,
    {
      hints: [
        `upgrade Hasura to ${firstWithNoTransaction.join(".")} or newer`,
        "or write the file so that it can run in a transaction",
      ],
    },
  );
}
