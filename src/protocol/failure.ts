import * as z from "zod";
import type { FailureCode } from "./failure-codes.ts";
import { ReceivedHints, textHint, type Hint } from "./hint.ts";

/** Whose concern a failure is; it alone decides the exit code (README, "Exit codes"). */
export const exitCode = {
  migration: 1,
  usage: 2,
  access: 3,
  unreachable: 4,
  busy: 5,
  differs: 6,
  metadata: 7,
  bug: 70,
  interrupted: 130,
} as const;

export type Kind = keyof typeof exitCode;
const kinds = [
  "migration",
  "usage",
  "access",
  "unreachable",
  "busy",
  "differs",
  "metadata",
  "bug",
  "interrupted",
] as const satisfies readonly Kind[];

/** Where in a file, as the database or our own search found it. */
export const Place = z.object({
  line: z.int().positive().describe("Counted from 1."),
  column: z.int().positive().describe("In characters, counted from 1."),
  text: z.string().describe("That line."),
});
export type Place = z.infer<typeof Place>;

/** What the database said about a statement it refused. */
export const SqlFailure = z.object({
  file: z.string().optional().describe("Path of the migration file, from the project's root."),
  sqlstate: z.string().optional().describe("Absent where Hasura hides details of errors."),
  message: z.string(),
  detail: z.string().optional(),
  hint: z.string().optional().describe("PostgreSQL's own hint."),
  place: Place.optional().describe("Where in the file, when that is known; never guessed."),
});
export type SqlFailure = z.infer<typeof SqlFailure>;

/** A failure as it travels between function and client, and as `--json` prints it. */
export const FailureData = z.object({
  kind: z.enum(kinds).describe("Decides the exit code."),
  code: z
    .string()
    .describe("Stable name for scripts; every code is in [troubleshooting](troubleshooting.md)."),
  message: z.string().describe("One sentence; its wording may change."),
  hints: ReceivedHints.default([]).describe("What to do next, the most likely first."),
  causes: z.array(z.string()).default([]).describe("Underlying errors, from the outermost in."),
  sql: SqlFailure.optional().describe("What the database said."),
});
export type FailureData = z.infer<typeof FailureData>;

/** A code from the wire, which may be one that only the other side's version knows. */
export interface ReceivedCode {
  readonly received: string;
}

interface More {
  readonly hints?: readonly (Hint | string)[];
  readonly cause?: unknown;
  readonly sql?: SqlFailure;
}

/** The one error this project throws on purpose. `hints` are what to do or type next, the most likely first. */
export class Failure extends Error {
  readonly kind: Kind;
  readonly code: string;
  readonly hints: readonly Hint[];
  readonly sql: SqlFailure | undefined;

  constructor(kind: Kind, code: FailureCode | ReceivedCode, message: string, more: More = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = "Failure";
    this.kind = kind;
    this.code = typeof code === "string" ? code : code.received;
    this.hints = (more.hints ?? []).map((hint) =>
      typeof hint === "string" ? textHint(hint) : hint,
    );
    this.sql = more.sql;
  }

  /** The same failure, and the same stack, with other words or hints. */
  with(changes: { readonly message?: string; readonly hints?: readonly Hint[] }): Failure {
    const { message = this.message, hints = this.hints } = changes;
    const copy = new Failure(this.kind, { received: this.code }, message, {
      hints,
      cause: this.cause,
      ...(this.sql && { sql: this.sql }),
    });
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }
}

/** The texts of an error's chain of causes, without the error itself. */
export function causesOf(thrown: unknown): string[] {
  const texts: string[] = [];
  let cause = thrown instanceof Error ? thrown.cause : undefined;
  while (cause !== undefined && texts.length < 8) {
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- anything can be thrown, and this is all it can say
    texts.push(cause instanceof Error ? cause.message || cause.name : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return texts.filter((text, i) => text !== texts[i - 1]);
}

/** Any thrown value as data. What is not a `Failure` is a bug of ours and says so. */
export function toFailureData(thrown: unknown): FailureData {
  if (thrown instanceof Failure) {
    const { kind, code, message, hints, sql } = thrown;
    return {
      kind,
      code,
      message,
      hints: [...hints],
      causes: causesOf(thrown),
      ...(sql && { sql }),
    };
  }
  const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return { kind: "bug", code: "unexpected", message, hints: [], causes: causesOf(thrown) };
}

/** A failure that came over the wire, as an error again. */
export function fromFailureData(data: FailureData): Failure {
  const cause = data.causes.reduceRight<Error | undefined>(
    (inner, text) => (inner ? new Error(text, { cause: inner }) : new Error(text)),
    undefined,
  );
  return new Failure(data.kind, { received: data.code }, data.message, {
    hints: data.hints,
    ...(cause && { cause }),
    ...(data.sql && { sql: data.sql }),
  });
}
