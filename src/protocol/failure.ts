import * as z from "zod";
import { exitCode, isKind, type Kind } from "./exit-code.ts";
import type { FailureCode } from "./failure-codes/index.ts";
import { ReceivedHints, type Hint } from "./hint.ts";
import { MetadataChange, PlacedInconsistentObject, ProjectPosition } from "./metadata-change.ts";

export { exitCode, type Kind };

const kinds = Object.keys(exitCode).filter(isKind);

/** A position in a file. */
export const Place = z.object({
  line: z.int().positive().describe("Counted from 1."),
  column: z.int().positive().describe("In characters of `text`, counted from 1."),
  text: z
    .string()
    .describe(
      "The whole line; a password in it is masked. Empty for a failure in an ECS task, or a line of more than 1,000 characters.",
    ),
});
export type Place = z.infer<typeof Place>;

/** The database's error for a failed statement. */
export const SqlFailure = z.object({
  file: z.string().optional().describe("Path of the migration file, from the project's root."),
  sqlstate: z.string().optional().describe("Missing where Hasura hides internals."),
  message: z.string(),
  detail: z.string().optional(),
  hint: z.string().optional().describe("PostgreSQL's own hint."),
  place: Place.optional().describe("Where in the file, if known; never guessed."),
  places: z
    .array(Place)
    .optional()
    .describe("All candidate lines, if it can be one of several; 10 at most."),
  located: z
    .string()
    .optional()
    .describe("`statement`: `place` is the beginning of the failing statement."),
  secondTry: z
    .boolean()
    .optional()
    .describe(
      "True if `place` was found by running the file a second time, in a transaction that was rolled back.",
    ),
  placeFollows: z
    .boolean()
    .optional()
    .describe(
      "Only in `migration.failed`: the position is still being searched for; `run.failed` contains it, or the candidates if it was not found.",
    ),
});
export type SqlFailure = z.infer<typeof SqlFailure>;

/** Inconsistent objects of a failure that are shown to people. */
export const shownObjects = 10;

/** What is wrong with metadata, object by object. */
export const MetadataRefusal = z.object({
  inconsistent: z
    .array(PlacedInconsistentObject)
    .optional()
    .describe("Objects that would be inconsistent; 500 at most. Without `--json`, 10 are shown."),
  refused: ProjectPosition.optional().describe(
    "The part of the metadata that Hasura rejected, if its error identifies it.",
  ),
  changes: z
    .array(MetadataChange)
    .optional()
    .describe("What others have changed on the server in the meantime; 20 at most."),
  notShown: z.int().nonnegative().describe("Number of objects that are not listed."),
});
export type MetadataRefusal = z.infer<typeof MetadataRefusal>;

/** A failure on the wire, and as `--json` prints it. docs/events.md is generated from the descriptions. */
export const FailureData = z.object({
  kind: z.enum(kinds).describe("Decides the exit code."),
  code: z
    .string()
    .describe("Stable name for scripts; [troubleshooting](troubleshooting.md) has every code."),
  message: z.string().describe("One sentence; its wording may change."),
  hints: ReceivedHints.default([]).describe("What to do next, the most likely first."),
  causes: z.array(z.string()).default([]).describe("Underlying errors, outermost first."),
  sql: SqlFailure.optional().describe("The database's error."),
  metadata: MetadataRefusal.optional().describe("Why metadata was not applied."),
});
export type FailureData = z.infer<typeof FailureData>;

/** A code from the wire, which may be one that only the other side's version knows. */
export interface ReceivedCode {
  readonly received: string;
}

interface More {
  readonly hints?: readonly Hint[];
  readonly cause?: unknown;
  readonly sql?: SqlFailure;
  readonly metadata?: MetadataRefusal;
}

/** The only error that this project throws deliberately. `hints` say what to do next, the most likely first. */
export class Failure extends Error {
  readonly kind: Kind;
  readonly code: string;
  readonly hints: readonly Hint[];
  readonly sql: SqlFailure | undefined;
  readonly metadata: MetadataRefusal | undefined;

  constructor(kind: Kind, code: FailureCode | ReceivedCode, message: string, more: More = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = "Failure";
    this.kind = kind;
    this.code = typeof code === "string" ? code : code.received;
    this.hints = more.hints ?? [];
    this.sql = more.sql;
    this.metadata = more.metadata;
  }

  /** A copy with another message, hints or SQL error; it keeps the stack. */
  with(changes: {
    readonly message?: string;
    readonly hints?: readonly Hint[];
    readonly sql?: SqlFailure;
  }): Failure {
    const { message = this.message, hints = this.hints, sql = this.sql } = changes;
    const copy = new Failure(this.kind, { received: this.code }, message, {
      hints,
      cause: this.cause,
      ...(sql && { sql }),
      ...(this.metadata && { metadata: this.metadata }),
    });
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }
}

/** The messages of an error's causes, outermost first, without the error itself. */
export function causesOf(thrown: unknown): string[] {
  const texts: string[] = [];
  let cause = thrown instanceof Error ? thrown.cause : undefined;
  while (cause !== undefined && texts.length < 8) {
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- anything can be thrown, and only its text is known
    texts.push(cause instanceof Error ? cause.message || cause.name : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return texts.filter((text, i) => text !== texts[i - 1]);
}

/** Converts any thrown value to data. Anything but a `Failure` is reported as a bug in this program. */
export function toFailureData(thrown: unknown): FailureData {
  if (thrown instanceof Failure) {
    const { kind, code, message, hints, sql, metadata } = thrown;
    return {
      kind,
      code,
      message,
      hints: [...hints],
      causes: causesOf(thrown),
      ...(sql && { sql }),
      ...(metadata && { metadata }),
    };
  }
  const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return { kind: "bug", code: "unexpected", message, hints: [], causes: causesOf(thrown) };
}

/** Converts a received failure back to an error. */
export function fromFailureData(data: FailureData): Failure {
  const cause = data.causes.reduceRight<Error | undefined>(
    (inner, text) => (inner ? new Error(text, { cause: inner }) : new Error(text)),
    undefined,
  );
  return new Failure(data.kind, { received: data.code }, data.message, {
    hints: data.hints,
    ...(cause && { cause }),
    ...(data.sql && { sql: data.sql }),
    ...(data.metadata && { metadata: data.metadata }),
  });
}
