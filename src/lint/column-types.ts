import type { Node, TypeName } from "@pgsql/types";
import { qualified, stringsOf } from "./names.ts";

/** A column's type: `numeric` with the modifiers 8 and 2. */
export interface ColumnType {
  readonly name: string;
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
}

/** What changing a column's type does: nothing to the rows, rewriting the table, or it cannot be told. */
export type TypeChange = "kept" | "rewritten" | "unknown";

export function columnType(type: TypeName | undefined): ColumnType {
  const parts = stringsOf(type?.names);
  return {
    name: qualified(parts[0] === "pg_catalog" ? parts.slice(1) : parts),
    modifiers: (type?.typmods ?? []).flatMap(constantOf),
    isArray: (type?.arrayBounds ?? []).length > 0,
  };
}

function constantOf(node: Node): number[] {
  return "A_Const" in node && node.A_Const.ival !== undefined ? [node.A_Const.ival.ival ?? 0] : [];
}

/** The words that people use for PostgreSQL's internal names. */
const shown: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  bool: "boolean",
  float4: "real",
  float8: "double precision",
  bpchar: "char",
};

export function typeLabel({ name, modifiers, isArray }: ColumnType): string {
  // INTERVAL's first modifier is a bit mask.
  const precision = modifiers.length === 0 || name === "interval" ? "" : `(${modifiers.join()})`;
  return `${shown[name] ?? name}${precision}${isArray ? "[]" : ""}`;
}

export const serialTypes = new Set([
  ...["serial", "serial4", "serial8", "serial2"],
  ...["bigserial", "smallserial"],
]);

/** Types whose modifier is a limit: a larger one, or none, keeps the rows. */
const limited = new Set(["varchar", "varbit", "timestamp", "timestamptz", "time", "timetz"]);
/** Types that PostgreSQL stores alike, so that the rows are kept: from, to. */
const alike = new Set(["varchar text", "text varchar", "cidr inet", "xml text", "citext text"]);
const builtIn = new Set([
  ...["int2", "int4", "int8", "float4", "float8", "numeric", "money", "bool", "oid"],
  ...["text", "varchar", "bpchar", "name", "bytea", "bit", "varbit", "uuid", "json", "jsonb"],
  ...["date", "time", "timetz", "timestamp", "timestamptz", "interval"],
  ...["inet", "cidr", "macaddr", "xml", "tsvector", "tsquery", "citext"],
]);

/** What `ALTER COLUMN … TYPE` does to the rows, without a USING that computes something. */
export function typeChange(from: ColumnType, to: ColumnType): TypeChange {
  if (from.isArray || to.isArray)
    return typeLabel(from) === typeLabel(to)
      ? "kept"
      : from.isArray === to.isArray
        ? "unknown"
        : "rewritten";
  if (from.name === to.name) return modifierChange(from, to);
  if (!builtIn.has(from.name) || !builtIn.has(to.name)) return "unknown";
  if (!alike.has(`${from.name} ${to.name}`)) return "rewritten";
  return to.modifiers.length === 0 ? "kept" : "rewritten";
}

function modifierChange(from: ColumnType, to: ColumnType): TypeChange {
  if (from.modifiers.join() === to.modifiers.join()) return "kept";
  if (from.name === "interval") return "unknown";
  if (from.name !== "numeric" && !limited.has(from.name)) return "rewritten";
  if (to.modifiers.length === 0) return "kept";
  const [most = Infinity, scale = 0] = from.modifiers;
  const [newMost = 0, newScale = 0] = to.modifiers;
  return newMost >= most && scale === newScale ? "kept" : "rewritten";
}
