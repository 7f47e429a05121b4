import type { Node } from "@pgsql/types";
import { hasNoTransactionMarker } from "../engine/project/directives.ts";
import type { ParsedStatement } from "../sql-parser/parse-sql.ts";
import { locksOf } from "./locks.ts";
import { qualified, stringsOf } from "./names.ts";
import type { EarlierStatements, LintStatement } from "./rules/rule.ts";
import { afterStatement, isNewRelation, type Schema } from "./schema.ts";

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
  parsed: readonly ParsedStatement[],
  { text, direction }: { readonly text: string; readonly direction: LintStatement["direction"] },
  before: Schema,
): Generator<StatementInFile> {
  const noTransaction = hasNoTransactionMarker(text);
  let schema = before;
  let earlier: EarlierStatements = { enumValues: [], lockedTables: [] };
  for (const [number, { node, start, end }] of parsed.entries()) {
    const locks = locksOf(node, schema);
    const later = () => parsed.slice(number + 1).map((next) => next.node);
    const statement = { node, schema, locks, noTransaction, direction, earlier, later };
    schema = afterStatement(schema, node);
    yield { statement, number, start, end, after: schema };
    earlier = afterEarlier(earlier, statement);
  }
}

function afterEarlier(
  earlier: EarlierStatements,
  { node, schema, locks }: LintStatement,
): EarlierStatements {
  const added = addedValue(node, schema);
  const locked = locks
    .filter(({ mode, table }) => mode === "ACCESS EXCLUSIVE" && !isNewRelation(schema, table))
    .map(({ table }) => table)
    .filter((table) => !earlier.lockedTables.includes(table));
  if (added === undefined && locked.length === 0) return earlier;
  return {
    enumValues: added === undefined ? earlier.enumValues : [...earlier.enumValues, added],
    lockedTables: [...earlier.lockedTables, ...locked],
  };
}

/** The value that ALTER TYPE adds to an enum of an earlier run. */
function addedValue(node: Node, { enums, run }: Schema): string | undefined {
  if (!("AlterEnumStmt" in node)) return undefined;
  const { typeName, newVal, oldVal } = node.AlterEnumStmt;
  if (oldVal !== undefined) return undefined;
  return enums.get(qualified(stringsOf(typeName))) === run ? undefined : newVal;
}
