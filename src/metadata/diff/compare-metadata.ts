import { isJsonMap, type JsonMap } from "../document/json.ts";
import { attentionFor, attentionForName, type Versions } from "./attention.ts";
import type { JsonPath } from "../document/places.ts";
import type { ObjectChange, PathPart } from "./change.ts";
import { compareFields } from "./compare-fields.ts";
import { formerNames } from "./former-names.ts";
import { normalise } from "./normalise.ts";
import { ownPart } from "./own-part.ts";
import { isSame } from "./same-value.ts";
import { idOf, usesOf } from "./uses.ts";
import {
  documentLists,
  listAt,
  type ObjectKind,
  type ObjectList,
} from "../document/object-lists.ts";

/**
 * The objects that differ between two metadata documents of version 3, in the order of the second. Objects are compared by their
 * identity, not by their place in a list; what an export leaves out or writes in another form is not a difference. A renamed object
 * is one change.
 */
export function compareMetadata(before: JsonMap, after: JsonMap): ObjectChange[] {
  const changes = [
    ...compareLists(before, after, documentLists, { path: [], at: [], isInside: false }),
    ...compareSettings(before, after),
  ];
  return withUses(changes, before, after);
}

/** Marks objects that are removed or renamed although other objects use them. */
function withUses(changes: ObjectChange[], before: JsonMap, after: JsonMap): ObjectChange[] {
  const gone = changes.flatMap((change) => goneId(change) ?? []);
  if (gone.length === 0) return changes;
  const uses = usesOf(new Set(gone), before, after);
  return changes.map((change) => {
    const usedBy = uses.get(goneId(change) ?? "");
    if (usedBy === undefined) return change;
    return { ...change, usedBy, attention: [...change.attention, "still-used"] };
  });
}

/** The id of an object that only the first document has under this name. */
function goneId({ path, change, fields: [field] }: ObjectChange): string | undefined {
  if (change === "removed") return idOf(path);
  const own = path.at(-1);
  if (own === undefined || field?.from === undefined || !isName(field.field)) return undefined;
  return idOf([...path.slice(0, -1), { kind: own.kind, name: field.from }]);
}

const isName = (field: string): boolean => field === "name" || field === "root_field_name";

interface Place {
  readonly path: PathPart[];
  /** In the second document; undefined for an object that is not in it. */
  readonly at: JsonPath | undefined;
  readonly isInside: boolean;
}

interface Entry {
  readonly value: JsonMap;
  /** From the parent. */
  readonly at: JsonPath;
}

function compareLists(
  before: JsonMap,
  after: JsonMap,
  lists: Readonly<Record<string, ObjectList>>,
  place: Place,
): ObjectChange[] {
  return Object.entries(lists).flatMap(([key, list]) =>
    compareEntries(entriesAt(before, key, list), entriesAt(after, key, list), list, place),
  );
}

/** The entries of a list by identity. The server refuses two of one identity, so the last one is as good as any. */
function entriesAt(parent: JsonMap, key: string, list: ObjectList): Map<string, Entry> {
  return new Map(
    listAt(parent, key).flatMap((entry, index): [string, Entry][] => {
      const identity = isJsonMap(entry) ? list.identity(entry) : undefined;
      if (!isJsonMap(entry) || identity === undefined) return [];
      return [[identity, { value: entry, at: [...key.split("."), index] }]];
    }),
  );
}

function compareEntries(
  before: ReadonlyMap<string, Entry>,
  after: ReadonlyMap<string, Entry>,
  list: ObjectList,
  place: Place,
): ObjectChange[] {
  const identities = new Set([...after.keys(), ...before.keys()]);
  const former = formerNames(before, after, list);
  for (const name of former.values()) identities.delete(name);
  return [...identities].flatMap((identity) => {
    const own = after.get(identity);
    const inner = {
      path: [...place.path, { kind: list.kind, name: identity }],
      at: own && place.at && [...place.at, ...own.at],
      isInside: place.isInside,
    };
    const name = former.get(identity);
    return name === undefined
      ? compareEntry(before.get(identity)?.value, own?.value, list, inner)
      : [renamed(name, list, inner)];
  });
}

/** The change for a renamed object. */
function renamed(
  from: string,
  { kind, identityKeys: [field = "name"] }: ObjectList,
  { path, at, isInside }: Place,
): ObjectChange {
  const fields = [{ field, from, to: path.at(-1)?.name ?? "" }];
  const attention = [...attentionForName(kind)];
  return { path, ...(at && { at }), change: "changed", isInside, fields, attention };
}

function compareEntry(
  before: JsonMap | undefined,
  after: JsonMap | undefined,
  list: ObjectList,
  place: Place,
): ObjectChange[] {
  // True for most objects of a large project, which then do not have to be normalised.
  if (isSame(before, after)) return [];
  const own = compareOwn(
    list.kind,
    before && ownPart(before, list),
    after && ownPart(after, list),
    place,
  );
  const isWhole = before === undefined || after === undefined;
  const inner = compareLists(before ?? {}, after ?? {}, list.lists, {
    ...place,
    isInside: place.isInside || isWhole,
  });
  return [...own, ...inner];
}

function compareOwn(
  kind: ObjectKind,
  before: JsonMap | undefined,
  after: JsonMap | undefined,
  { path, at, isInside }: Place,
): ObjectChange[] {
  if (isSame(before, after)) return [];
  const versions = {
    before: before && normalise(kind, before),
    after: after && normalise(kind, after),
  };
  const fields = compareFields(versions.before ?? {}, versions.after ?? {});
  const change = changeOf(versions);
  if (change === "changed" && fields.length === 0) return [];
  const attention = attentionFor(kind, { ...versions, fields, isInside });
  return [{ path, ...(at && { at }), change, isInside, fields, attention }];
}

function changeOf({ before, after }: Pick<Versions, "before" | "after">): ObjectChange["change"] {
  if (before === undefined) return "added";
  return after === undefined ? "removed" : "changed";
}

/** The keys of a document that are no settings: its version, and everything with objects of its own. */
const noSettings = new Set([
  "version",
  ...Object.keys(documentLists).map((key) => key.split(".")[0]),
]);

function compareSettings(before: JsonMap, after: JsonMap): ObjectChange[] {
  const keys = new Set([...Object.keys(after), ...Object.keys(before)]);
  return [...keys]
    .filter((key) => !noSettings.has(key))
    .flatMap((key) => {
      const pick = (document: JsonMap): JsonMap =>
        document[key] === undefined ? {} : { [key]: document[key] };
      const own = compareOwn("setting", pick(before), pick(after), {
        path: [{ kind: "setting", name: key }],
        at: after[key] === undefined ? undefined : [key],
        isInside: false,
      });
      return own;
    });
}
