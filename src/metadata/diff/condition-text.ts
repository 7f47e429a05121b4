import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { qualifiedName } from "../document/object-lists.ts";

/*
 * Hasura's boolean expressions as a person reads them: `customer_id = X-Hasura-User-Id and deleted_at is null`.
 */

const comparisons: Readonly<Record<string, string>> = {
  ...{ _eq: "=", $eq: "=", _neq: "!=", _ne: "!=", $ne: "!=" },
  ...{ _gt: ">", $gt: ">", _gte: ">=", $gte: ">=", _lt: "<", $lt: "<", _lte: "<=", $lte: "<=" },
  ...{ _in: "in", $in: "in", _nin: "not in", $nin: "not in" },
  ...{ _like: "like", $like: "like", _nlike: "not like", _ilike: "ilike", _nilike: "not ilike" },
  ...{ _similar: "similar to", _nsimilar: "not similar to", _regex: "~", _iregex: "~*" },
  ...{ _nregex: "!~", _niregex: "!~*", _contains: "contains", _contained_in: "contained in" },
  ...{ _has_key: "has key", _has_keys_any: "has any key of", _has_keys_all: "has all keys of" },
  ...{ _ceq: "= column", _cneq: "!= column", _cne: "!= column" },
  ...{ _cgt: "> column", _cgte: ">= column", _clt: "< column", _clte: "<= column" },
};

/** The parts of a condition that all have to hold, each as text; none for one that always holds. */
export function conjuncts(condition: JsonMap, path: readonly string[] = []): string[] {
  return Object.entries(condition).flatMap(([key, value]) => conjunctsOf(key, value, path));
}

/** A condition as text; `no row filter` is the caller's word for an empty one. */
export function conditionText(condition: JsonMap): string {
  return conjuncts(condition).join(" and ");
}

function conjunctsOf(key: string, value: Json, path: readonly string[]): string[] {
  if (key === "_and" || key === "$and") return all(value).flatMap((each) => conjuncts(each, path));
  if (key === "_or" || key === "$or") return [anyOf(all(value), path)];
  if (key === "_not" || key === "$not") return [`not (${join(value, path)})`];
  if (key === "_exists") return [existsText(value)];
  if (isComparison(key)) return [comparisonText(key, value, path)];
  if (isJsonMap(value)) {
    const inner = conjuncts(value, [...path, key]);
    return inner.length === 0 ? [`${[...path, key].join(".")} exists`] : inner;
  }
  // Short for equality; the session variable's name or a value.
  return [`${[...path, key].join(".")} = ${valueText(value)}`];
}

const isComparison = (key: string): boolean =>
  Object.hasOwn(comparisons, key) || key === "_is_null";

function comparisonText(key: string, value: Json, path: readonly string[]): string {
  const column = path.join(".");
  if (key === "_is_null") return `${column} is ${value === false ? "not " : ""}null`;
  return `${column} ${comparisons[key] ?? key} ${valueText(value)}`;
}

function existsText(value: Json): string {
  if (!isJsonMap(value)) return `exists ${valueText(value)}`;
  const table = qualifiedName(value._table) ?? "?";
  return `exists in ${table} where ${join(value._where ?? {}, []) || "true"}`;
}

/** Alternatives: an empty list never holds. */
function anyOf(conditions: readonly JsonMap[], path: readonly string[]): string {
  if (conditions.length === 0) return "false";
  return `(${conditions.map((each) => conjuncts(each, path).join(" and ") || "true").join(" or ")})`;
}

const join = (value: Json, path: readonly string[]): string =>
  isJsonMap(value) ? conjuncts(value, path).join(" and ") : valueText(value);

const all = (value: Json): readonly JsonMap[] => (isJsonList(value) ? value.filter(isJsonMap) : []);

const valueText = (value: Json): string =>
  typeof value === "string" ? value : JSON.stringify(value);
