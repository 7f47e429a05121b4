import { typeLists, type TypeList } from "../actions/actions-yaml.ts";
import { canonicalText } from "../diff/canonical-text.ts";
import { isJsonList, isJsonMap, type Json, type JsonList, type JsonMap } from "../document/json.ts";
import { documentLists, type ObjectList } from "../document/object-lists.ts";
import { actionEntry, typeEntry } from "./action-files.ts";
import { typesIn, type ActionParts } from "./action-parts.ts";
import { patchYaml } from "./patch-yaml.ts";

/** actions.yaml, its value, and the actions as they are and as they should be. */
export interface ActionsYamlPatch {
  readonly text: string;
  readonly value: Json;
  readonly before: ActionParts;
  readonly after: ActionParts;
}

/** The changed text of actions.yaml; undefined if it has to be rewritten as a whole. */
export function patchActionsYaml({
  text,
  value,
  before,
  after,
}: ActionsYamlPatch): string | undefined {
  if (!isJsonMap(value)) return undefined;
  const wanted = wantedValue(value, before, after);
  const known = ["actions", ...typeLists.map((list) => `custom_types.${list}`)];
  const keys: Readonly<Record<string, ObjectList>> = Object.fromEntries(
    known.flatMap((key) => {
      const list = documentLists[key];
      return list === undefined ? [] : [[key, list] as const];
    }),
  );
  return patchYaml(text, { before: value, after: wanted }, { keys });
}

/** What actions.yaml should contain. An entry that does not change stays as it is. */
function wantedValue(value: JsonMap, before: ActionParts, after: ActionParts): JsonMap {
  const actions = wantedEntries(value["actions"], {
    before: before.actions.filter(isJsonMap),
    after: after.actions.filter(isJsonMap),
    entry: actionEntry,
    isNeeded: () => true,
  });
  const custom = isJsonMap(value["custom_types"]) ? value["custom_types"] : {};
  const types = typeLists.flatMap((list): [string, Json][] => {
    const entries = wantedTypes(custom[list], list, before, after);
    return entries === undefined || entries === custom[list] ? [] : [[list, entries]];
  });
  return {
    ...value,
    ...(actions !== undefined && { actions }),
    ...(types.length > 0 && { custom_types: { ...custom, ...Object.fromEntries(types) } }),
  };
}

function wantedTypes(
  entries: Json | undefined,
  list: TypeList,
  before: ActionParts,
  after: ActionParts,
): Json | undefined {
  return wantedEntries(entries, {
    before: typesIn(before.customTypes, list),
    after: typesIn(after.customTypes, list),
    entry: typeEntry,
    // actions.graphql has the description, too.
    isNeeded: (entry) => Object.keys(entry).some((key) => key !== "name" && key !== "description"),
  });
}

interface Wanted {
  readonly before: readonly JsonMap[];
  readonly after: readonly JsonMap[];
  readonly entry: (object: JsonMap) => JsonMap;
  /** Whether something that had no entry needs this one. */
  readonly isNeeded: (entry: JsonMap) => boolean;
}

function wantedEntries(
  written: Json | undefined,
  { before, after, entry, isNeeded }: Wanted,
): Json | undefined {
  const own = isJsonList(written) ? written : [];
  const entries = new Map(own.filter(isJsonMap).map((each) => [each["name"], each]));
  const known = new Map(before.map((each) => [each["name"], each]));
  const wanted: JsonList = after.flatMap((object): Json[] => {
    const [was, is] = [known.get(object["name"]), entries.get(object["name"])];
    const whole = entry(object);
    if (was === undefined) return [whole];
    if (is === undefined) return isNeeded(whole) ? [whole] : [];
    return [withChanges(is, entry(was), whole)];
  });
  const isSame = wanted.length === own.length && wanted.every((each) => own.includes(each));
  return isSame ? written : inOrderOf(own, wanted);
}

/** The entries that were there in their order, then the others. */
function inOrderOf(own: JsonList, wanted: JsonList): JsonList {
  const names = own.map((each) => (isJsonMap(each) ? each["name"] : undefined));
  const place = (each: Json): number => {
    const index = isJsonMap(each) ? names.indexOf(each["name"]) : -1;
    return index === -1 ? names.length : index;
  };
  return wanted.toSorted((a, b) => place(a) - place(b));
}

/** What is written, with what differs between two objects changed. */
function withChanges(written: JsonMap, before: JsonMap, after: JsonMap): JsonMap {
  const keys = new Set([...Object.keys(written), ...Object.keys(after)]);
  const entries = [...keys].map((key): [string, Json | undefined] => {
    const [is, was, shall] = [written[key], before[key], after[key]];
    if (isSame(was, shall)) return [key, is];
    if (isJsonMap(is) && isJsonMap(was) && isJsonMap(shall))
      return [key, withChanges(is, was, shall)];
    return [key, shall];
  });
  if (entries.every(([key, value]) => value === written[key])) return written;
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return a === undefined || b === undefined ? a === b : canonicalText(a) === canonicalText(b);
}
