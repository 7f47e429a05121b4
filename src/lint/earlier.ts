import type { Node } from "@pgsql/types";
import { changesIn, isAlwaysTrue } from "./changes.ts";
import type { EnumValue } from "./enum-uses.ts";
import { blockedBy, strongerMode, type LockMode, type StatementLock } from "./lock.ts";
import { truncatedTables } from "./locks.ts";
import { qualified, relationName, stringsOf } from "./names.ts";
import { isNewRelation, type Schema } from "./schema.ts";
import { newTypeName } from "./after-rename.ts";

/** The effects of the earlier statements in a file. */
export interface EarlierStatements {
  /** Enum values that were added to types of earlier runs. */
  readonly enumValues: readonly EnumValue[];
  /** Existing tables to which writes, or also reads, are blocked until the transaction ends, with the strongest lock. */
  readonly locks: ReadonlyMap<string, LockMode>;
  /** Tables in which many rows were changed while a table was locked. */
  readonly changedUnderLock: ReadonlySet<string>;
  /**
   * Tables whose rows were all removed: they have no rows, or only those that the file has listed since. The map is empty outside a
   * transaction, where other sessions can add rows between two statements.
   */
  readonly emptied: ReadonlyMap<string, "no-rows" | "few-rows">;
}

export const nothingEarlier: EarlierStatements = {
  enumValues: [],
  locks: new Map(),
  changedUnderLock: new Set(),
  emptied: new Map(),
};

/** A statement, with the state before it runs. */
interface Statement {
  readonly node: Node;
  readonly schema: Schema;
  readonly locks: readonly StatementLock[];
  readonly noTransaction: boolean;
}

/** The effects of the earlier statements and of this one. */
export function afterEarlier(earlier: EarlierStatements, statement: Statement): EarlierStatements {
  const { node, schema } = statement;
  const many = earlier.locks.size === 0 ? [] : changesIn(node).filter((each) => !each.isSmall);
  return {
    enumValues: valuesAfter(earlier.enumValues, node, schema),
    locks: locksAfter(earlier.locks, statement),
    changedUnderLock:
      many.length === 0
        ? earlier.changedUnderLock
        : new Set([...earlier.changedUnderLock, ...many.map(({ table }) => table)]),
    emptied: emptiedAfter(earlier.emptied, statement),
  };
}

/** Outside a transaction, a lock ends with its statement. */
function locksAfter(
  held: EarlierStatements["locks"],
  { locks, schema, noTransaction }: Statement,
): EarlierStatements["locks"] {
  if (noTransaction) return held;
  const stronger = locks.flatMap(({ table, mode }) => {
    const isHeld = strongerMode(mode, held.get(table)) === held.get(table);
    const blocks = blockedBy(mode) !== "schema changes" && !isNewRelation(schema, table);
    return blocks && !isHeld ? [[table, mode] as const] : [];
  });
  return stronger.length === 0 ? held : new Map([...held, ...stronger]);
}

function valuesAfter(
  values: readonly EnumValue[],
  node: Node,
  schema: Schema,
): readonly EnumValue[] {
  const added = addedValue(node, schema);
  if (added !== undefined) return [...values, added];
  const moved = values.length === 0 ? undefined : newTypeName(node);
  if (moved === undefined) return values;
  return values.map((each) => (each.type === moved.from ? { ...each, type: moved.to } : each));
}

/** The value that ALTER TYPE adds to an enum of an earlier run. */
function addedValue(node: Node, { enums, run }: Schema): EnumValue | undefined {
  if (!("AlterEnumStmt" in node)) return undefined;
  const { typeName, newVal: value, oldVal } = node.AlterEnumStmt;
  if (oldVal !== undefined || value === undefined) return undefined;
  const type = qualified(stringsOf(typeName));
  return enums.get(type) === run ? undefined : { type, value };
}

type Emptied = EarlierStatements["emptied"];

function emptiedAfter(emptied: Emptied, { node, schema, noTransaction }: Statement): Emptied {
  if (noTransaction) return emptied;
  if ("TruncateStmt" in node)
    return new Map([
      ...emptied,
      ...truncatedTables(node.TruncateStmt, schema).map((table) => [table, "no-rows"] as const),
    ]);
  if ("DeleteStmt" in node) {
    const { relation, whereClause, usingClause } = node.DeleteStmt;
    const isWhole = isAlwaysTrue(whereClause) && usingClause === undefined;
    if (isWhole && relation !== undefined)
      return new Map([...emptied, [relationName(relation), "no-rows"]]);
  }
  return emptied.size === 0 ? emptied : filledAfter(emptied, node);
}

/** Kinds of statements that can add any number of rows to any table. */
const opaque = new Set(["DoStmt", "CallStmt", "ExecuteStmt", "MergeStmt"]);

function filledAfter(emptied: Emptied, node: Node): Emptied {
  if (opaque.has(Object.keys(node)[0] ?? "")) return new Map();
  const next = new Map(emptied);
  if ("CopyStmt" in node && node.CopyStmt.relation !== undefined)
    next.delete(relationName(node.CopyStmt.relation));
  for (const { kind, table, isSmall } of changesIn(node))
    if (kind === "INSERT" && next.has(table))
      if (isSmall) next.set(table, "few-rows");
      else next.delete(table);
  return next;
}
