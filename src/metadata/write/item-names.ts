import { canonicalText } from "../diff/canonical-text.ts";
import { isJsonMap, type Json, type JsonList } from "../document/json.ts";
import type { ObjectList } from "../document/object-lists.ts";

/** Keys that name a part in a list that has no identities, such as headers. */
const namingKeys = ["name", "role", "role_name", "column", "value"];

/**
 * A name for each item of a list, unique in it: the same item has the same name in another version of the list. An object is known by
 * its identity, and anything without a name by its value.
 */
export function itemNames(items: JsonList, list: ObjectList | undefined): string[] {
  const counts = new Map<string, number>();
  return items.map((item) => {
    const name = nameOf(item, list);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name} ${String(count)}`;
  });
}

function nameOf(item: Json, list: ObjectList | undefined): string {
  if (!isJsonMap(item)) return canonicalText(item);
  const identity = list?.identity(item);
  if (identity !== undefined) return JSON.stringify(identity);
  const key = namingKeys.find((each) => typeof item[each] === "string");
  return key === undefined ? canonicalText(item) : canonicalText([key, item[key] ?? null]);
}
