import { isJsonList, isJsonMap, type Json, type JsonMap } from "../document/json.ts";
import { canonicalText } from "./canonical-text.ts";
import type { FieldChange } from "./change.ts";
import { conditionForm, isKeptBy } from "./condition-form.ts";
import { conditionText, conjuncts } from "./condition-text.ts";
import { tableKeys } from "./normalise.ts";
import { qualifiedName } from "../document/object-lists.ts";
import { isSame } from "./same-value.ts";
import { hidden, isSecretAt, textWithoutSecrets } from "./secrets.ts";

/** Lists whose order means nothing. */
const sets = new Set([
  ...["columns", "payload", "computed_fields", "query_root_fields", "subscription_root_fields"],
  ...["role_set", "methods", "disabled_for_roles", "data_types", "ignored_client_headers"],
  ...["lhs_fields", "hasura_fields", "roles"],
]);
/** Lists of named parts whose order means nothing. */
const unorderedParts = new Set(["fields", "tls_allowlist"]);
/** True for the key of a list whose order means nothing. */
export function isSet(key: string): boolean {
  return sets.has(key);
}

const conditions = new Set(["filter", "check"]);
/** Sets that have every member where nothing is written. */
const allIfAbsent = new Set(["query_root_fields", "subscription_root_fields", "payload"]);

/** How the normalised own parts of two objects differ, field by field. */
export function compareFields(before: JsonMap, after: JsonMap): FieldChange[] {
  return compareObjects(before, after, []);
}

function compareObjects(before: JsonMap, after: JsonMap, path: readonly string[]): FieldChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => compareValues(before[key], after[key], [...path, key]));
}

function compareValues(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[],
): FieldChange[] {
  if (isSame(before, after)) return [];
  const key = path.at(-1) ?? "";
  if (tableKeys.has(key)) return [tableChange(before, after, path)];
  if (conditions.has(key)) return compareConditions(before, after, path);
  if (isWholePayload(before, after, path)) return [valueChange(before, after, path)];
  if (sets.has(key)) return compareMembers(before, after, path);
  const named = namedParts(before, after);
  if (named !== undefined) return compareParts(named, key, path);
  if (isPart(before) && isPart(after)) return compareObjects(before ?? {}, after ?? {}, path);
  return [valueChange(before, after, path)];
}

/** True for the payload of a cron trigger, which is any value and not a set of columns, unless it is an object on both sides. */
function isWholePayload(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[],
): boolean {
  const isPayload = path.length === 1 && path[0] === "payload";
  return isPayload && !(isJsonMap(before) && isJsonMap(after));
}

/** A table's name is one value, however it is written. */
function tableChange(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[],
): FieldChange {
  return valueChange(qualifiedName(before) ?? before, qualifiedName(after) ?? after, path);
}

/** An object, or nothing at all. */
const isPart = (value: Json | undefined): value is JsonMap | undefined =>
  value === undefined || isJsonMap(value);

function compareConditions(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[],
): FieldChange[] {
  if (before !== undefined && after !== undefined && conditionForm(before) === conditionForm(after))
    return [];
  const old = isJsonMap(before) ? conjuncts(before) : [];
  const own = isJsonMap(after) ? conjuncts(after) : [];
  const added = own.filter((each) => !old.includes(each));
  const removed = old.filter((each) => !own.includes(each));
  const field = path.join(".");
  // Values that differ only in type, such as the number 1 and the text "1", or what has to hold for the same related row.
  if (before !== undefined && after !== undefined && areOther(before, after, { added, removed }))
    return [{ field, from: canonicalText(before), to: canonicalText(after) }];
  const kept = old.filter((each) => own.includes(each)).length;
  return [{ field, added, removed, kept }];
}

/** True if two conditions differ in more than the texts that are added and removed. */
function areOther(
  before: Json,
  after: Json,
  { added, removed }: { readonly added: readonly string[]; readonly removed: readonly string[] },
): boolean {
  return (
    (removed.length === 0 && !isKeptBy(before, after)) ||
    (added.length === 0 && !isKeptBy(after, before))
  );
}

function compareMembers(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[],
): FieldChange[] {
  if (!isMembers(before) || !isMembers(after)) return [valueChange(before, after, path)];
  const isAll = allIfAbsent.has(path.at(-1) ?? "");
  const old = members(isAll ? (before ?? "*") : before);
  const own = members(isAll ? (after ?? "*") : after);
  const added = own.filter((each) => !old.includes(each));
  const removed = old.filter((each) => !own.includes(each));
  if (added.length === 0 && removed.length === 0) return [];
  return [{ field: path.join("."), added, removed }];
}

/** A list, nothing at all, or `*` for all. */
const isMembers = (value: Json | undefined): boolean =>
  value === undefined || isJsonList(value) || value === "*";

const members = (value: Json | undefined): string[] =>
  isJsonList(value) ? value.map(plainText) : value === undefined ? [] : [plainText(value)];

const plainText = (value: Json): string =>
  typeof value === "string" ? value : canonicalText(value);

interface Parts {
  readonly before: JsonMap;
  readonly after: JsonMap;
  readonly hasOtherOrder: boolean;
}

/** Two lists of parts with names, such as headers or arguments, as objects by name. */
function namedParts(before: Json | undefined, after: Json | undefined): Parts | undefined {
  const old = byName(before);
  const own = byName(after);
  if (old === undefined || own === undefined || (before === undefined && after === undefined))
    return undefined;
  const shared = (names: JsonMap, others: JsonMap): string =>
    Object.keys(names)
      .filter((name) => Object.hasOwn(others, name))
      .join("\0");
  return { before: old, after: own, hasOtherOrder: shared(old, own) !== shared(own, old) };
}

function byName(list: Json | undefined): JsonMap | undefined {
  if (list === undefined) return {};
  if (!isJsonList(list)) return undefined;
  const parts = new Map<string, Json>();
  for (const part of list) {
    const name = isJsonMap(part) ? (part.name ?? part.value ?? part.host) : undefined;
    if (typeof name !== "string" || parts.has(name)) return undefined;
    parts.set(name, part);
  }
  return Object.fromEntries(parts);
}

function compareParts(
  { before, after, hasOtherOrder }: Parts,
  key: string,
  path: readonly string[],
): FieldChange[] {
  const changes = compareObjects(before, after, path);
  if (!hasOtherOrder || unorderedParts.has(key)) return changes;
  const order = (parts: JsonMap): string => Object.keys(parts).join(", ");
  const field = [...path, "order"].join(".");
  return [...changes, { field, from: order(before), to: order(after) }];
}

function valueChange(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[],
): FieldChange {
  const field = path.join(".");
  if ([before, after].some((value) => value !== undefined && isSecretAt(path, value)))
    return { field, isSecret: true, ...onlySide(before, after) };
  const from = before === undefined ? undefined : shown(before, path);
  const to = after === undefined ? undefined : shown(after, path);
  // Only the secret in the text differs.
  if (from !== undefined && from === to && from.includes(hidden)) return { field, isSecret: true };
  return { field, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

function onlySide(before: Json | undefined, after: Json | undefined): Pick<FieldChange, "onlyIn"> {
  if (before === undefined) return { onlyIn: "project" };
  return after === undefined ? { onlyIn: "server" } : {};
}

/** The longest text of one value, in UTF-16 units. */
const longestText = 2000;

function shown(value: Json, path: readonly string[]): string {
  const key = path.at(-1) ?? "";
  const text =
    (key === "filter" || key === "_where") && isJsonMap(value)
      ? conditionText(value)
      : textWithoutSecrets(value, path);
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}
