import { pathsThatUse, usedObject } from "../../metadata/consistency/uses.ts";
import { compareMetadata } from "../../metadata/diff/compare-metadata.ts";
import { objectsByHasuraName } from "../../metadata/document/hasura-names.ts";
import { isJsonList, isJsonMap, type JsonMap } from "../../metadata/document/json.ts";
import { isPermission } from "../../metadata/document/object-lists.ts";
import { identityAlong, objectsOf, type MetadataObject } from "../../metadata/document/objects.ts";
import { isWithin, type JsonPath } from "../../metadata/document/places.ts";
import { valueAt } from "../../metadata/document/value-at.ts";
import { withoutPaths } from "../../metadata/document/with-values.ts";
import type { Source } from "../hasura/client.ts";
import type { RemovedName } from "../plan/assessment.ts";

/*
 * Documents between the server's metadata and the project's, for the time before and during the migrations of a deployment.
 */

/** A name that a migration removes from a database. */
export interface RemovedFrom {
  /** The name of the source. */
  readonly database: string;
  readonly removed: RemovedName;
}

/** The sources of a document, by name. */
export function sourcesIn({ sources }: JsonMap): ReadonlyMap<string, JsonMap> {
  return new Map(
    (isJsonList(sources) ? sources : []).flatMap((source): [string, JsonMap][] => {
      if (!isJsonMap(source)) return [];
      const { name } = source;
      return typeof name === "string" ? [[name, source]] : [];
    }),
  );
}

/** The names and kinds of the sources of a document. */
export function sourcesNamed(document: JsonMap): Source[] {
  return [...sourcesIn(document)].map(([name, { kind }]) => ({
    name,
    kind: typeof kind === "string" ? kind : "postgres",
  }));
}

/** The names of the sources that only the project's metadata has. */
export function missingSources(server: JsonMap, wanted: JsonMap): readonly string[] {
  const known = sourcesIn(server);
  return [...sourcesIn(wanted).keys()].filter((name) => !known.has(name));
}

/** The server's metadata with the connections of the project's other sources and their settings, without any object in them. */
export function withMissingSources(server: JsonMap, wanted: JsonMap): JsonMap {
  const missing = missingSources(server, wanted);
  const connections = [...sourcesIn(wanted)].flatMap(([name, source]) => {
    if (!missing.includes(name)) return [];
    const settings = Object.entries(source).filter(([, value]) => !isJsonList(value));
    return [{ kind: "postgres", configuration: {}, ...Object.fromEntries(settings), tables: [] }];
  });
  return { ...server, sources: [...sourcesIn(server).values(), ...connections] };
}

/** What is removed from the server's metadata before the migrations. */
export interface Adaptation {
  /** Objects that only depend on a removed name through other removed objects. Names are as Hasura reports them. */
  readonly indirect: readonly string[];
  /**
   * True to remove only event triggers, because their database functions would fail. Other objects would merely be inconsistent until the
   * metadata is applied.
   */
  readonly onlyTriggers: boolean;
}

export const wholeAdaptation: Adaptation = { indirect: [], onlyTriggers: false };

/**
 * The server's metadata without anything that uses names that the migrations remove, unless the project's metadata still uses the name in
 * the same object. From the lists of a permission or event trigger that the project keeps, only the columns are removed. Sources stay.
 */
export function withoutUsesOf(
  removals: readonly RemovedFrom[],
  server: JsonMap,
  wanted: JsonMap,
  { indirect, onlyTriggers }: Adaptation = wholeAdaptation,
): JsonMap {
  const kept = new Set(objectsOf(wanted).map(({ identity }) => identity));
  const widening = rolesOfInheritance(server);
  const uses = removals.flatMap((removal) => {
    const still = new Set(usesOf(removal, wanted).map(({ user }) => user.identity));
    return usesOf(removal, server).filter(({ user: { kind, identity } }) => {
      const isIncluded = onlyTriggers ? kind === "event trigger" : kind !== "source";
      return isIncluded && !still.has(identity);
    });
  });
  const removed = uses
    .map((use) => ({ use, path: removedPath(use, kept.has(use.user.identity)) }))
    .filter(({ use: { user }, path }) => path !== user.path || !mayWiden(user, widening))
    .map(({ path }) => path);
  const others = [...objectsByHasuraName(server)].flatMap(([name, { path }]) =>
    indirect.includes(name) ? [path] : [],
  );
  const paths = [...removed, ...others];
  const left = withoutPaths(server, outermost(withEmptied(paths, server)));
  return isJsonMap(left) ? left : server;
}

/**
 * The next adaptation to try if this one would make objects inconsistent: it also removes those objects. If the project keeps any of them
 * unchanged, it removes only event triggers. Undefined if nothing is left to try.
 */
export function nextAdaptation(
  { indirect, onlyTriggers }: Adaptation,
  inconsistent: readonly string[],
  server: JsonMap,
  wanted: JsonMap,
): Adaptation | undefined {
  if (onlyTriggers) return undefined;
  const objects = objectsByHasuraName(server);
  const kept = new Set(objectsOf(wanted).map(({ identity }) => identity));
  const changed = new Set(compareMetadata(server, wanted).map(({ path }) => identityAlong(path)));
  const widening = rolesOfInheritance(server);
  const isRemovable = (name: string): boolean => {
    const object = objects.get(name);
    if (object === undefined || object.kind === "source" || mayWiden(object, widening))
      return false;
    return !kept.has(object.identity) || (object.kind !== "table" && changed.has(object.identity));
  };
  const more = inconsistent.filter((name) => !indirect.includes(name));
  return more.length > 0 && more.every(isRemovable)
    ? { indirect: [...indirect, ...more], onlyTriggers: false }
    : { indirect: [], onlyTriggers: true };
}

/** Roles that inherit from others, and those that they inherit from. */
function rolesOfInheritance({ inherited_roles: roles = [] }: JsonMap): ReadonlySet<string> {
  const inherited = (isJsonList(roles) ? roles : []).filter(isJsonMap);
  const names = inherited.flatMap(({ role_name: name = null, role_set: parents = [] }) =>
    isJsonList(parents) ? [name, ...parents] : [name],
  );
  return new Set(names.filter((name) => typeof name === "string"));
}

/** True for a permission without which a role may inherit more than it has with it. */
function mayWiden({ kind, name }: MetadataObject, roles: ReadonlySet<string>): boolean {
  return isPermission(kind) && roles.has(name);
}

/** The permissions that use names that migrations have removed, as Hasura reports them. */
export function permissionsThatUse(
  removals: readonly RemovedFrom[],
  document: JsonMap,
): readonly string[] {
  const users = removals.flatMap((removal) => usesOf(removal, document)).map(({ user }) => user);
  const identities = new Set(users.map(({ identity }) => identity));
  return [...objectsByHasuraName(document)].flatMap(([name, { kind, identity }]) =>
    isPermission(kind) && identities.has(identity) ? [name] : [],
  );
}

/** The permissions in other databases than these, as Hasura reports them. */
export function permissionsOutside(
  databases: ReadonlySet<string>,
  document: JsonMap,
): readonly string[] {
  return [...objectsByHasuraName(document)].flatMap(([name, { kind, path }]) => {
    const [list, index = 0] = path;
    const database = list === "sources" ? valueAt(document, ["sources", index, "name"]) : undefined;
    return isPermission(kind) && typeof database === "string" && !databases.has(database)
      ? [name]
      : [];
  });
}

/** A value that uses a name, and the innermost object that contains it. */
interface Use {
  readonly user: MetadataObject;
  readonly path: JsonPath;
}

function usesOf({ database, removed }: RemovedFrom, document: JsonMap): Use[] {
  const paths = pathsThatUse(document, database, usedObject(removed));
  const objects = paths.length === 0 ? [] : objectsOf(document);
  return paths.flatMap((path) => {
    const user = objects.findLast((object) => isWithin(object.path, path));
    return user ? [{ user, path }] : [];
  });
}

/** What is removed because of one use: an item of a list, a setting of a table, or the whole object. */
function removedPath({ user, path }: Use, isKept: boolean): JsonPath {
  if (user.kind === "table") return path[user.path.length] === "configuration" ? path : user.path;
  const isColumnOfList = typeof path.at(-1) === "number" && typeof path.at(-2) === "string";
  const hasColumns = isPermission(user.kind) || user.kind === "event trigger";
  return isKept && hasColumns && isColumnOfList && isColumnList(path.at(-2)) ? path : user.path;
}

const isColumnList = (key: string | number | undefined): boolean =>
  key === "columns" || key === "payload";

/** Event triggers are removed as a whole where no column would be left in a list. */
function withEmptied(paths: readonly JsonPath[], document: JsonMap): readonly JsonPath[] {
  const itemsOf = (list: JsonPath): Set<string> =>
    new Set(paths.filter((path) => isItemOf(list, path)).map((path) => path.join(".")));
  return paths.map((path) => {
    const list = path.slice(0, -1);
    const trigger = path.indexOf("event_triggers");
    const value = isColumnList(list.at(-1)) && trigger > 0 ? valueAt(document, list) : undefined;
    const isEmptied = isJsonList(value) && itemsOf(list).size === value.length;
    return isEmptied ? path.slice(0, trigger + 2) : path;
  });
}

function isItemOf(list: JsonPath, path: JsonPath): boolean {
  return path.length === list.length + 1 && isWithin(list, path);
}

/** The paths that are in no other one, each once. */
function outermost(paths: readonly JsonPath[]): readonly JsonPath[] {
  const unique = [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
  return unique.filter((path) => !unique.some((other) => other !== path && isWithin(other, path)));
}
