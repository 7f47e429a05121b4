import type { SqlFailure } from "../../protocol/failure.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import type { ProblemCode, StatementLocks, VerifyProblem } from "../../protocol/verification.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { compareCatalogs, type CatalogDifference } from "../catalog/compare.ts";
import { afterDown, differenceLines } from "../catalog/difference-text.ts";
import { measureLocks } from "./measure-locks.ts";
import { mayBeHalfDone, type LoadedFile } from "./run-file.ts";
import type { Workbench } from "./workbench.ts";

/** A migration with the files that can be run; one without statements is `blank`. */
export interface LoadedMigration {
  readonly version: Version;
  readonly name: string;
  readonly up?: LoadedFile;
  readonly down?: LoadedFile;
}

export interface RoundTrip {
  readonly state: "ok" | "applied" | "failed";
  readonly problems: readonly VerifyProblem[];
  readonly locks?: readonly StatementLocks[];
  /** True if up.sql itself fails, so that later migrations cannot be verified. */
  readonly stops?: true;
}

/**
 * Applies a migration, rolls it back, compares the schema with the one before, and applies it again. Afterwards it is applied, unless
 * it cannot be.
 */
export async function roundTrip(
  bench: Workbench,
  migration: LoadedMigration,
  { locks: wantsLocks }: { readonly locks: boolean },
): Promise<RoundTrip> {
  const { up, down } = migration;
  const missing = incompleteness(migration);
  if (up === undefined || up.body.blank) return { state: "applied", problems: missing };
  const goesBack = down !== undefined && !down.body.blank;
  const before = goesBack ? await bench.read() : undefined;
  const { failure, locks } = wantsLocks
    ? await measureLocks(bench, up)
    : { failure: await bench.run(up), locks: undefined };
  if (failure) return { ...failed("up-failed", `${up.path} fails.`, failure), stops: true };
  bench.keep(up);
  const back =
    goesBack && before !== undefined
      ? await thereAndBack(bench, { up, down }, before)
      : ({ state: "applied", problems: missing } as const);
  return { ...back, ...(locks && { locks }) };
}

/** Rolls an applied migration back, compares the schema with the one before it, and applies it again. */
async function thereAndBack(
  bench: Workbench,
  { up, down }: { readonly up: LoadedFile; readonly down: LoadedFile },
  before: Catalog,
): Promise<RoundTrip> {
  const refused = await bench.run(down);
  if (refused) {
    if (mayBeHalfDone(down)) await bench.rebuild();
    return failed("down-failed", `${down.path} fails.`, refused);
  }
  const problems = differenceProblems(down, compareCatalogs(before, await bench.read()));
  const again = await bench.run(up);
  if (again)
    problems.push(
      problem("up-again-failed", {
        file: up.path,
        message: `${up.path} fails when it is applied again after ${down.path}.`,
        sql: again,
      }),
    );
  if (problems.length > 0) await bench.rebuild();
  return { state: problems.length === 0 ? "ok" : "failed", problems };
}

function differenceProblems(
  { path }: LoadedFile,
  differences: readonly CatalogDifference[],
): VerifyProblem[] {
  if (differences.length === 0) return [];
  return [
    problem("down-differs", {
      file: path,
      message: `${path} does not restore the schema.`,
      differences: differences.flatMap((each) => differenceLines(each, afterDown)),
    }),
  ];
}

/** Applies a migration that is not checked. */
export async function applyOnly(bench: Workbench, { up }: LoadedMigration): Promise<RoundTrip> {
  if (up === undefined || up.body.blank) return { state: "applied", problems: [] };
  const failure = await bench.run(up);
  if (failure) return { ...failed("up-failed", `${up.path} fails.`, failure), stops: true };
  bench.keep(up);
  return { state: "applied", problems: [] };
}

function failed(code: ProblemCode, message: string, sql: SqlFailure): RoundTrip {
  const { file } = sql;
  return {
    state: "failed",
    problems: [problem(code, { message, sql, ...(file !== undefined && { file }) })],
  };
}

function problem(code: ProblemCode, more: Omit<VerifyProblem, "severity" | "code">): VerifyProblem {
  return { severity: "error", code, ...more };
}

/** The problem of a migration that cannot be applied or rolled back. */
function incompleteness(migration: LoadedMigration): VerifyProblem[] {
  const { up, down } = migration;
  const label = migrationLabel(migration);
  const warning = (
    code: ProblemCode,
    message: string,
    file: LoadedFile | undefined,
  ): VerifyProblem[] => [{ severity: "warning", code, message, ...(file && { file: file.path }) }];
  if (up === undefined)
    return warning(
      "up-missing",
      `${label} has no up.sql, or an empty one, so Hasura ignores it.`,
      down,
    );
  if (up.body.blank) return warning("up-blank", `${up.path} has no statement: nothing is run.`, up);
  if (down === undefined)
    return warning("down-missing", `${label} has no down.sql, so it cannot be rolled back.`, up);
  return down.body.blank
    ? warning("down-blank", `${down.path} has no statement: it undoes nothing.`, down)
    : [];
}
