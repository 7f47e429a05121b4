import { ownFormAt } from "../../metadata/diff/own-form.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import { documentLists } from "../../metadata/document/object-lists.ts";
import type { MetadataChange } from "../../protocol/metadata-change.ts";
import type { Differences } from "./differences.ts";

/** What Hasura has left out of the metadata that was applied. */
export interface IgnoredKeys {
  /** From the document, such as `sources.tables.apollo_federation_config`; each once. */
  readonly keys: readonly string[];
  /** The differences that these keys do not explain. */
  readonly others: readonly MetadataChange[];
}

/**
 * The keys that this server does not know, by the differences that are left after the metadata was applied. `isUntouched`: nobody has
 * changed it since; otherwise a key inside an object may have been removed by somebody.
 */
export function ignoredKeys(left: Differences, isUntouched: boolean): IgnoredKeys {
  const { changes, wanted, server } = left;
  const keys = new Set(missingLists(wanted, server.document));
  const others = changes.filter((change) => {
    const list = keysTo(change);
    const at = list === "" ? (change.path[0]?.name ?? "") : list;
    if ([...keys].some((key) => isUnder(at, key))) return false;
    const missing = isUntouched ? missingInside(change, left) : [];
    for (const key of missing) keys.add(list === "" ? key : `${list}.${key}`);
    return (
      missing.length === 0 ||
      change.fields.some(({ field }) => !missing.some((key) => isUnder(field, key)))
    );
  });
  return { keys: [...keys], others };
}

/** Keys of the document and of its sources that have a value there, and are missing in what the server has stored. */
function missingLists(sent: JsonMap, stored: JsonMap): string[] {
  const sources = (document: JsonMap): JsonMap[] => listOf(document["sources"]).filter(isJsonMap);
  const ofSources = sources(sent).flatMap((source) => {
    const own = sources(stored).find(({ name }) => name === source["name"]);
    return own ? missingKeys(source, own).map((key) => `sources.${key}`) : [];
  });
  return [...missingKeys(sent, stored), ...ofSources];
}

/** The keys in an object that the server does not have, joined with dots. */
function missingInside({ path }: MetadataChange, { wanted, server }: Differences): string[] {
  const stored = ownFormAt(server.document, path);
  return stored ? missingBelow(ownFormAt(wanted, path) ?? {}, stored) : [];
}

function missingBelow(sent: JsonMap, stored: JsonMap): string[] {
  const inside = Object.entries(sent).flatMap(([key, value]) => {
    const own = stored[key];
    return isJsonMap(value) && isJsonMap(own)
      ? missingBelow(value, own).map((each) => `${key}.${each}`)
      : [];
  });
  return [...missingKeys(sent, stored), ...inside];
}

function missingKeys(sent: JsonMap, stored: JsonMap): string[] {
  return Object.entries(sent).flatMap(([key, value]) =>
    isEmpty(value) || Object.hasOwn(stored, key) ? [] : [key],
  );
}

/** The keys of the lists on the way to an object, joined with dots; of a setting, nothing. */
function keysTo({ path }: MetadataChange): string {
  let lists = documentLists;
  const keys = path.flatMap(({ kind }) => {
    const found = Object.entries(lists).find(([, list]) => list.kind === kind);
    lists = found?.[1].lists ?? {};
    return found ? [found[0]] : [];
  });
  return keys.join(".");
}

const isUnder = (path: string, key: string): boolean => path === key || path.startsWith(`${key}.`);

const listOf = (value: Json | undefined): readonly Json[] => (isJsonList(value) ? value : []);

function isEmpty(value: Json): boolean {
  if (isJsonList(value)) return value.length === 0;
  return value === null || (isJsonMap(value) && Object.values(value).every(isEmpty));
}
