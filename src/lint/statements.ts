import { hasNoTransactionMarker } from "../engine/project/directives.ts";
import type { StatementOfFile } from "./do-blocks.ts";
import { afterEarlier, nothingEarlier } from "./earlier.ts";
import { locksOf } from "./locks.ts";
import type { LintStatement } from "./rules/rule.ts";
import type { Schema } from "./schema.ts";
import { afterStatement } from "./after-statement.ts";
import { withoutTemporary, withTemporaryNames } from "./temporary-tables.ts";

/** A statement of a file, with its position in the text and the schema after it. */
export interface StatementInFile {
  readonly statement: LintStatement;
  /** Counted from 0. */
  readonly number: number;
  /** Index of its first character. */
  readonly start: number;
  /** Index behind its last character. */
  readonly end: number;
  readonly after: Schema;
}

/** The statements of a file in order, each with what is known before it runs. `before`: the schema before the file. */
export function* statementsOf(
  parsed: readonly StatementOfFile[],
  { text, direction }: { readonly text: string; readonly direction: LintStatement["direction"] },
  before: Schema,
): Generator<StatementInFile> {
  const noTransaction = hasNoTransactionMarker(text);
  const named = [...withTemporaryNames(parsed)];
  let schema = withoutTemporary(before);
  let earlier = nothingEarlier;
  for (const [number, { node, start, end, inner = [] }] of named.entries()) {
    const locks = locksOf(node, schema);
    const later = () => named.slice(number + 1).map((next) => next.node);
    const statement = { node, inner, schema, locks, noTransaction, direction, earlier, later };
    schema = afterStatement(schema, node);
    yield { statement, number, start, end, after: schema };
    earlier = afterEarlier(earlier, statement);
  }
}
