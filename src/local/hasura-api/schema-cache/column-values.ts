import { isJsonList, isJsonMap, type Json } from "../../../metadata/document/json.ts";
import { typeName } from "../document/read-value.ts";
import type { Column, EnumReference } from "../database/database-schema.ts";
import { NotBuilt, quoted } from "./inconsistency.ts";

/*
 * Which operators a column has, and which values it can be compared with (the server's Backends/Postgres/DDL/BoolExp.hs and
 * SQL/Value.hs). Types have PostgreSQL's names. A type that is not listed here may be a domain, and accepts everything.
 */

/** The constants that a type accepts in addition to strings, and how the server's error names them. */
interface Accepted {
  readonly is: (value: Json) => boolean;
  readonly parsed: string;
  readonly expected: string;
}

const isNumber = (value: Json): boolean => typeof value === "number";
const never = (): boolean => false;
const integer = (type: string): Accepted => ({
  ...{ is: isNumber, parsed: `Integer expected for input type: ${type}`, expected: "Number" },
});
const float = (type: string): Accepted => ({
  ...{ is: isNumber, parsed: `Float expected for input type: ${type}`, expected: "Number" },
});
const asText = (parsed: string): Accepted => ({ is: never, parsed, expected: "String" });

/** By PostgreSQL's name of a type: the server's name, and what the type accepts. */
const types: Readonly<Record<string, readonly [name: string, accepted?: Accepted]>> = {
  smallint: ["smallint", integer("PGSmallInt")],
  integer: ["integer", integer("PGInteger")],
  bigint: ["bigint", integer("PGBigInt")],
  real: ["real", float("PGFloat")],
  "double precision": ["float8", float("PGDouble")],
  numeric: ["numeric", { is: isNumber, parsed: "Scientific", expected: "Number" }],
  boolean: [
    "boolean",
    { is: (value) => typeof value === "boolean", parsed: "Bool", expected: "Boolean" },
  ],
  character: ["bpchar", asText("Text")],
  "character varying": ["varchar", asText("Text")],
  text: ["text", asText("Text")],
  citext: ["citext", asText("Text")],
  date: ["date", asText("Day")],
  "timestamp without time zone": ["timestamp", asText("LocalTime")],
  "timestamp with time zone": ["timestamptz", asText("UTCTime")],
  uuid: ["uuid", asText("UUID")],
  json: ["json"],
  jsonb: ["jsonb"],
  geometry: ["geometry"],
  geography: ["geography"],
  ltree: ["ltree"],
};

const isKnown = (type: string): boolean => type.endsWith("[]") || Object.hasOwn(types, type);

/** The server's name of a type. */
export const serverName = (type: string): string =>
  type.endsWith("[]") ? `${serverName(type.slice(0, -2))}[]` : (types[type]?.[0] ?? type);

/** The server's name of a type that it compares with that of a native query's column. */
export function comparedName(type: string): string | undefined {
  const inner = type.replace(/\[\]$/, "");
  const isCompared = Object.hasOwn(types, inner) && !/^(citext|geo|ltree)/.test(inner);
  return isCompared ? serverName(type) : undefined;
}

/** What the checks of a value need of its column. */
type ColumnType = Pick<Column, "type" | "enum">;

/** The server's name of the type of a column. */
export const typeOf = ({ type, enum: reference }: ColumnType): string =>
  reference?.type ?? serverName(type);

const isSessionVariable = (value: Json): boolean =>
  typeof value === "string" && /^(x-hasura-|req_user_id$)/i.test(value);

/** Throws NotBuilt for a constant that a column of this type cannot have. */
export function checkValue(value: Json, { type, enum: reference }: ColumnType): void {
  if (value === null || isSessionVariable(value)) return;
  if (reference !== undefined) checkEnumValue(value, reference);
  if (typeof value === "string") return;
  if (type.endsWith("[]")) {
    if (!isJsonList(value)) throw mismatch("[]", "Array", value);
    for (const each of value) checkValue(each, { type: type.slice(0, -2) });
    return;
  }
  const accepted = types[type]?.[1];
  if (accepted !== undefined && !accepted.is(value))
    throw mismatch(accepted.parsed, accepted.expected, value);
}

export const isGraphqlName = (name: string): boolean => /^[_A-Za-z][_0-9A-Za-z]*$/.test(name);

function checkEnumValue(value: Json, { table, values }: EnumReference): void {
  if (typeof value !== "string") throw mismatch("Name", "String", value);
  if (!isGraphqlName(value)) throw new NotBuilt(`${value} is not valid GraphQL name`);
  if (values?.includes(value) === false)
    throw new NotBuilt(
      `expected one of the values ${values.toSorted().map(quoted).join(", ")} for type ${quoted(table)}, given ${quoted(value)}`,
    );
}

const mismatch = (parsed: string, expected: string, value: Json): NotBuilt =>
  new NotBuilt(
    `parsing ${parsed} failed, expected ${expected}, but encountered ${typeName(value)}`,
  );

const comparisons = ["eq", "ne", "neq", "gt", "lt", "gte", "lte"];
const patterns = [
  ...["like", "nlike", "ilike", "nilike", "similar", "nsimilar"],
  ...["regex", "iregex", "nregex", "niregex"],
];
const strings = ["varchar", "text", "citext", "bpchar"];
const ofGeometry = [
  "st_contains",
  "st_crosses",
  "st_equals",
  "st_overlaps",
  "st_touches",
  "st_within",
];
const ofTrees = [
  ...["ancestor", "ancestor_any", "descendant", "descendant_any"],
  ...["matches", "matches_any", "matches_fulltext"],
];

/** The types that operators work on, by the names of the operators without their prefix. */
const onlyOn: readonly (readonly [operators: readonly string[], types: readonly string[]])[] = [
  [patterns, strings],
  [["has_key", "has_keys_any", "has_keys_all"], ["jsonb"]],
  [[...ofGeometry, "st_3d_intersects", "st_3d_d_within"], ["geometry"]],
  [
    ["st_intersects", "st_d_within"],
    ["geometry", "geography"],
  ],
  [ofTrees, ["ltree"]],
];

/** Throws NotBuilt for an operator that columns of this type do not have, or an operand that it cannot have. Other operators are ignored. */
export function checkComparison(name: string, operand: Json, column: ColumnType): void {
  const needed = onlyOn.find(([operators]) => operators.includes(name))?.[1];
  if (needed !== undefined)
    refuseOthers(needed.includes(serverName(column.type)), needed.map(quoted).join(", "), column);
  if (comparisons.includes(name) || patterns.includes(name)) checkValue(operand, column);
  operands.get(name)?.(operand, column);
}

const onlyOnLists = (_operand: Json, column: ColumnType): void =>
  refuseOthers(column.type.endsWith("[]") || column.type === "jsonb", "an array or JSONB", column);

/** Other checks of an operand, by the operator. */
const operands: ReadonlyMap<string, (operand: Json, column: ColumnType) => void> = new Map([
  ["contains", onlyOnLists],
  ["contained_in", onlyOnLists],
  ["in", checkValues],
  ["nin", checkValues],
  ["is_null", refuseOtherThanBoolean],
  ["cast", checkCast],
]);

function refuseOtherThanBoolean(operand: Json): void {
  if (typeof operand !== "boolean") throw mismatch("Bool", "Boolean", operand);
}

function refuseOthers(isRight: boolean, needed: string, column: ColumnType): void {
  if (column.enum === undefined && (isRight || !isKnown(column.type))) return;
  throw new NotBuilt(
    ` is of type ${quoted(typeOf(column))}; this operator works only on columns of type ${needed}`,
  );
}

function checkValues(operand: Json, column: ColumnType): void {
  if (isSessionVariable(operand)) return;
  if (!isJsonList(operand)) throw mismatch("[]", "Array", operand);
  for (const each of operand) checkValue(each, column);
}

const casts: ReadonlySet<string> = new Set([
  "geometry geography",
  "geography geometry",
  "jsonb text",
]);

function checkCast(operand: Json, column: ColumnType): void {
  if (!isJsonMap(operand) || !isKnown(column.type)) return;
  for (const [target, operations] of Object.entries(operand)) {
    if (!casts.has(`${typeOf(column)} ${target}`))
      throw new NotBuilt(
        `cannot cast column of type ${quoted(typeOf(column))} to type ${quoted(target)}`,
      );
    if (!isJsonMap(operations)) continue;
    for (const [operator, value] of Object.entries(operations))
      checkComparison(operator.slice(1), value, { type: target });
  }
}
