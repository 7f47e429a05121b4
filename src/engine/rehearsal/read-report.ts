import * as z from "zod";
import type { SqlResult } from "../hasura/client.ts";
import { lockModes, lockStrength } from "../../protocol/lock-modes.ts";

/** A lock on a relation that existed before the rehearsal. */
export interface HeldLock {
  /** With its schema, unquoted: `public.orders`. */
  readonly relation: string;
  /** As SQL writes it, such as `ACCESS EXCLUSIVE`. */
  readonly mode: string;
}

/** A file that ran without an error. */
export interface RehearsedFile {
  readonly tookMs: number;
  /** The strongest lock on each relation, without those that an earlier file already held in the same mode; the strongest first. */
  readonly locks: readonly HeldLock[];
}

/** The error that ended a rehearsal. */
export interface RehearsalError {
  /** How many statements were run, the failing one included; of all files together. */
  readonly statement: number;
  /** True if the statements of the file succeeded, and a deferred constraint is violated. */
  readonly atCommit: boolean;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** Why nothing was rehearsed: another session, or a setting with which the database reads strings differently from the parser. */
export type Busy = "migration" | "rehearsal" | "strings" | BusyRun;

/** Another run in progress. */
export type BusyRun = z.infer<typeof BusyRun>;

/** What a rehearsal found. */
export interface Report {
  readonly files: readonly RehearsedFile[];
  readonly failed?: RehearsalError;
}

const text = z
  .string()
  .nullable()
  .transform((value) => (value === null || value === "" ? undefined : value));

const Failed = z
  .object({
    statement: z.int(),
    stage: z.enum(["statement", "commit"]),
    sqlstate: z.string(),
    message: z.string(),
    detail: text,
    hint: text,
  })
  .transform(({ stage, detail, hint, ...error }): RehearsalError => ({
    ...error,
    atCommit: stage === "commit",
    ...(detail !== undefined && { detail }),
    ...(hint !== undefined && { hint }),
  }));

const BusyRun = z.object({
  run: z.string(),
  operation: z.string(),
  user: z.string(),
  host: z.string(),
  ciJob: z.string().nullable(),
  ms: z.number(),
});

const Cell = z.union([
  z.object({ busy: z.union([z.enum(["migration", "rehearsal", "strings"]), BusyRun]) }),
  z.object({
    files: z.array(
      // A lock is a relation's id and a mode.
      z.object({ ms: z.number(), locks: z.array(z.string().regex(/^\d+ \w+$/)) }),
    ),
    failed: Failed.nullable(),
    relations: z.record(z.string(), z.tuple([z.string(), z.string()])),
  }),
]);

/** Reads the answer to `rehearsalSql`; `busy` if nothing was run. Throws ZodError or SyntaxError for anything else. */
export function readReport(result: SqlResult): Report | { readonly busy: Busy } {
  const cell = Cell.parse(JSON.parse(result.rows[0]?.[0] ?? "null"));
  if ("busy" in cell) return cell;
  const { files, failed, relations } = cell;
  return {
    files: files.map(({ ms, locks }) => ({
      tookMs: Math.max(0, Math.round(ms * 1000) / 1000),
      locks: strongest(locks, new Map(Object.entries(relations))),
    })),
    ...(failed && { failed }),
  };
}

function strongest(
  locks: readonly string[],
  relations: ReadonlyMap<string, readonly [schema: string, name: string]>,
): HeldLock[] {
  const found = new Map<string, { readonly strength: number; readonly mode: string }>();
  for (const lock of locks) {
    const [id = "", mode = ""] = lock.split(" ");
    const relation = relations.get(id)?.join(".");
    const strength = lockStrength(mode);
    if (relation === undefined || strength === undefined) continue;
    if (strength > (found.get(relation)?.strength ?? -1)) found.set(relation, { strength, mode });
  }
  return [...found]
    .toSorted(([a, one], [b, other]) => other.strength - one.strength || (a < b ? -1 : 1))
    .map(([relation, { mode }]) => ({ relation, mode: lockModes.get(mode) ?? mode }));
}
