import * as z from "zod";
import { exitCode, isKind, type Kind } from "./exit-code.ts";
import type { FailureCode } from "./failure-codes.ts";
import { ReceivedHints, textHint, type Hint } from "./hint.ts";

export { exitCode, type Kind };

const kinds = Object.keys(exitCode).filter(isKind);

/** Where in a file: both count from 1, `column` in characters; `text` is that line. */
export const Place = z.object({
  line: z.int().positive(),
  column: z.int().positive(),
  text: z.string(),
});
export type Place = z.infer<typeof Place>;

/** What the database said about a statement it refused. `sqlstate` is absent where Hasura hides internals. */
export const SqlFailure = z.object({
  file: z.string().optional(),
  sqlstate: z.string().optional(),
  message: z.string(),
  detail: z.string().optional(),
  hint: z.string().optional(),
  place: Place.optional(),
});
export type SqlFailure = z.infer<typeof SqlFailure>;

/** A failure as it travels: `code` is the stable name scripts go by, words may improve. `causes` run from the outermost in. */
export const FailureData = z.object({
  kind: z.enum(kinds),
  code: z.string(),
  message: z.string(),
  hints: ReceivedHints.default([]),
  causes: z.array(z.string()).default([]),
  sql: SqlFailure.optional(),
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
