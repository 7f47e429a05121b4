import type { Node, TypeName } from "@pgsql/types";
import { qualified, stringsOf } from "./names.ts";

/** A column's type: `numeric` with the modifiers 8 and 2. */
export interface ColumnType {
  readonly name: string;
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
}

/**
 * What a change of a column's type does, in this order: the rows and indexes are kept; the rows are kept and indexes of the column are
 * rebuilt; the rows are kept if the session's time zone is UTC, and otherwise the table is rewritten; the table is rewritten; unknown.
 */
export type TypeChange = "kept" | "reindexed" | "by-time-zone" | "rewritten" | "unknown";

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
const limited = new Set([
  ...["varchar", "varbit", "timestamp", "timestamptz", "time", "timetz", "interval"],
]);
/** Types of times. Their largest precision, 6, is the same as no precision. */
const times = new Set(["timestamp", "timestamptz", "time", "timetz", "interval"]);
/** From, to: types that PostgreSQL stores and compares alike, so that rows and indexes are kept (pg_cast, castmethod b). */
const alike = new Set(["varchar text", "text varchar", "cidr inet", "xml text", "xml varchar"]);
/** From, to: types that are stored alike and compared differently, so that only indexes are built again. */
const storedAlike = new Set([
  ...["text citext", "varchar citext", "citext text", "citext varchar"],
  ...["bit varbit", "int4 oid", "oid int4"],
]);
const timeZones = new Set(["timestamp timestamptz", "timestamptz timestamp"]);
const builtIn = new Set([
  ...["int2", "int4", "int8", "float4", "float8", "numeric", "money", "bool", "oid"],
  ...["text", "varchar", "bpchar", "name", "bytea", "bit", "varbit", "uuid", "json", "jsonb"],
  ...["date", "time", "timetz", "timestamp", "timestamptz", "interval"],
  ...["inet", "cidr", "macaddr", "xml", "tsvector", "tsquery", "citext"],
]);

/** True for the usual types of PostgreSQL, which no domain is named like. */
export function isBuiltIn(type: string): boolean {
  return builtIn.has(type) || serialTypes.has(type);
}

/** What `ALTER COLUMN … TYPE` does, without a USING that computes something. Domains are resolved by the caller. */
export function typeChange(from: ColumnType, to: ColumnType): TypeChange {
  if (from.isArray !== to.isArray) return "rewritten";
  if (from.name === to.name) return modifierChange(from, to);
  if (!builtIn.has(from.name) || !builtIn.has(to.name)) return "unknown";
  // Elements of another type are converted, even if they are stored alike.
  if (from.isArray || limitsOf(to).length > 0) return "rewritten";
  const pair = `${from.name} ${to.name}`;
  if (alike.has(pair)) return "kept";
  if (storedAlike.has(pair)) return "reindexed";
  return timeZones.has(pair) ? "by-time-zone" : "rewritten";
}

/** Types that some other type can become without a rewrite. */
const mayBeKept = new Set([...limited, "numeric", "text", "citext", "inet"]);

/** What a change does if the previous type is not known. */
export function changeFromUnknown(to: ColumnType): TypeChange {
  return mayBeKept.has(to.name) && !to.isArray ? "unknown" : "rewritten";
}

function modifierChange(from: ColumnType, to: ColumnType): TypeChange {
  const [before, after] = [limitsOf(from), limitsOf(to)];
  if (before.join() === after.join()) return "kept";
  if (from.name !== "numeric" && !limited.has(from.name)) return "rewritten";
  if (after.length === 0) return "kept";
  if (from.isArray) return "rewritten";
  if (hasFields(from) || hasFields(to)) return "unknown";
  return isWider(before, after) ? "kept" : "rewritten";
}

/** True if the limit, such as the precision, is not lower than before, and the scale is the same. */
function isWider(
  [most = Infinity, scale = 0]: readonly number[],
  [newMost = 0, newScale = 0]: readonly number[],
): boolean {
  return newMost >= most && scale === newScale;
}

/** The bit mask of INTERVAL without fields. */
const anyField = 32767;

/** INTERVAL YEAR, INTERVAL DAY TO SECOND. */
function hasFields({ name, modifiers: [mask = anyField] }: ColumnType): boolean {
  return name === "interval" && mask !== anyField;
}

/** The modifiers that limit values; none for the largest precision of a time. */
function limitsOf(type: ColumnType): readonly number[] {
  const { name, modifiers } = type;
  if (hasFields(type)) return modifiers;
  const own = name === "interval" ? modifiers.slice(1) : modifiers;
  return times.has(name) && own[0] === 6 ? [] : own;
}
