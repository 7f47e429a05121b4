import type { EventOf } from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { EngineContext } from "../context.ts";
import { HasuraCallError } from "../hasura/client.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import type { ReadyStep } from "../plan/prepare-plan.ts";
import { busyFailure } from "./busy-failure.ts";
import { readReport, type RehearsalError, type Report } from "./read-report.ts";
import { rehearsalFailure } from "./rehearsal-failure.ts";
import { rehearsalSql } from "./rehearsal-sql.ts";
import {
  afterStop,
  selectFiles,
  type LeftOut,
  type RehearsalFile,
  type SelectedFiles,
} from "./select-files.ts";

/** What a rehearsal of one database found; `failure` is that of `failed`. */
export interface DatabaseRehearsal extends Omit<
  EventOf<"rehearsal">,
  "type" | "database" | "failure"
> {
  readonly failure?: Failure;
}

/** The store of a database, and its name. */
type Where = Pick<ReadyStep, "database" | "store">;

/** Limit of each wait for a lock, in milliseconds: other sessions queue behind a rehearsal that waits. */
const lockMs = 2000;
/** All migrations of a database together: they hold their locks until the end. */
const longestMs = 60_000;
/** Kept for the answer. */
const reservedMs = 10_000;
const leastMs = 5000;
/** The database ends the rehearsal before the request is abandoned. */
const extraMs = 5000;
/** Of a rehearsal that took too long, and of one that was cancelled before: no file can change its limit. */
const queryCanceled = "57014";

/**
 * Runs pending migrations of one database, in order, in one transaction and rolls it back. Those from the first on that cannot be rolled
 * back are not run. Undefined if somebody has cancelled it. Throws `busy/busy`, `unreachable/deadline`, and failures to reach Hasura.
 */
export async function rehearseDatabase(
  steps: readonly ReadyStep[],
  environment: string,
  engine: EngineContext,
): Promise<DatabaseRehearsal | undefined> {
  const selected = await selectFor(steps);
  const startedAt = engine.now();
  const [first] = selected.files;
  const report = first
    ? await reportOf(selected.files, first.step, { environment, engine })
    : { files: [] };
  if (report === "cancelled") return undefined;
  const tookMs = Math.max(0, engine.now() - startedAt);
  return { tookMs, ...(await described(selected, report, environment)) };
}

async function selectFor(steps: readonly ReadyStep[]): Promise<SelectedFiles> {
  const isPossible = steps.every(({ store }) => store.rehearse !== undefined);
  if (isPossible) return selectFiles(steps);
  const reason = "its database is not PostgreSQL";
  return { files: [], leftOut: steps.map((step) => ({ step, reason })) };
}

async function reportOf(
  files: readonly RehearsalFile[],
  { database, store }: Where,
  { environment, engine }: { readonly environment: string; readonly engine: EngineContext },
): Promise<Report | "cancelled"> {
  const totalMs = Math.min(longestMs, engine.remainingMs() - reservedMs);
  if (totalMs < leastMs) throw deadline();
  const statements = files.map(statementsOf);
  const endsAt = engine.now() + totalMs;
  const isCancelled = (sqlstate: string | undefined): boolean =>
    sqlstate === queryCanceled && engine.now() < endsAt;
  try {
    const result = await store.rehearse?.(
      (frame) => rehearsalSql(statements, { lockMs, totalMs }, frame),
      totalMs + extraMs,
    );
    const report = result ? readReport(result) : { files: [] };
    if ("busy" in report) throw busyFailure(report.busy, { database: database.name, environment });
    return isCancelled(report.failed?.sqlstate) ? "cancelled" : report;
  } catch (thrown) {
    if (thrown instanceof HasuraCallError && isCancelled(thrown.database?.sqlstate))
      return "cancelled";
    throw hasuraFailure(thrown, `rehearsing the migrations of ${database.name}`);
  }
}

/** An empty file has one empty statement, so that it has a result among the others. */
function statementsOf({ sql, parts }: RehearsalFile): string[] {
  return parts.length === 0 ? [""] : parts.map(({ start, end }) => sql.slice(start, end));
}

async function described(
  { files, leftOut }: SelectedFiles,
  { files: done, failed: error }: Report,
  environment: string,
): Promise<Omit<DatabaseRehearsal, "tookMs">> {
  const migrations = done.flatMap(({ tookMs, locks }, i) => {
    const file = files[i];
    return file
      ? [{ ...named(file.step), file: file.step.file.path, tookMs, locks: [...locks] }]
      : [];
  });
  const file = files[done.length];
  if (error === undefined || file === undefined) return { migrations, notRun: leftOut.map(notRun) };
  if (needsCommit(file, error)) {
    const reason = "it uses an enum value that is new until its transaction has been committed";
    const rest = [{ step: file.step, reason }, ...after(file, files, leftOut)];
    return { migrations, notRun: rest.map(notRun) };
  }
  const before = files.slice(0, done.length).flatMap(statementsOf).length;
  const failure = await rehearsalFailure({
    ...{ file, error, environment },
    index: error.statement - before - 1,
  });
  return {
    ...{ migrations, failed: named(file.step), failure },
    notRun: after(file, files, leftOut).map(notRun),
  };
}

function after(
  file: RehearsalFile,
  files: readonly RehearsalFile[],
  leftOut: readonly LeftOut[],
): LeftOut[] {
  const rest = [...files.slice(files.indexOf(file) + 1), ...leftOut];
  return rest.map(({ step }) => afterStop(step, file.step));
}

/**
 * True for a file that fails (55P04) only because a value of an enum was added in the same transaction: by an earlier file, or to a type that
 * the file creates, which PostgreSQL does not recognise as new in a block.
 */
function needsCommit({ isParsed, addsEnumValue }: RehearsalFile, error: RehearsalError): boolean {
  return error.sqlstate === "55P04" && isParsed && !addsEnumValue;
}

function named({ migration: { version, name } }: ReadyStep): { version: string; name: string } {
  return { version, name };
}

function notRun({ step, reason }: LeftOut): EventOf<"rehearsal">["notRun"][number] {
  return { ...named(step), reason };
}

function deadline(): Failure {
  return new Failure(
    "unreachable",
    "deadline",
    "The function has too little time left for a rehearsal; nothing was run.",
    { hints: [textHint("Raise the function's timeout (at most 15 minutes).")] },
  );
}
