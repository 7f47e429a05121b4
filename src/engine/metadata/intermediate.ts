import { pathsThatUse, type UsedObject } from "../../metadata/consistency/uses.ts";
import { isJsonList, isJsonMap, type JsonMap } from "../../metadata/document/json.ts";
import { objectsOf, type MetadataObject } from "../../metadata/document/objects.ts";
import type { JsonPath } from "../../metadata/document/places.ts";
import { withoutPaths } from "../../metadata/document/without-paths.ts";
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

/** The server's metadata with the connections of the project's other sources, without anything in them. */
export function withMissingSources(server: JsonMap, wanted: JsonMap): JsonMap {
  const missing = missingSources(server, wanted);
  const connections = [...sourcesIn(wanted)].flatMap(([name, source]) => {
    if (!missing.includes(name)) return [];
    const { kind = "postgres", configuration = {} } = source;
    return [{ name, kind, tables: [], configuration }];
  });
  return { ...server, sources: [...sourcesIn(server).values(), ...connections] };
}

/**
 * The server's metadata without the objects that use what migrations remove, unless the project's metadata still uses it in the same
 * object. Sources stay.
 */
export function withoutUsesOf(
  removals: readonly RemovedFrom[],
  server: JsonMap,
  wanted: JsonMap,
): JsonMap {
  const paths = removals.flatMap((removal) => {
    const still = new Set(usersOf(removal, wanted).map(({ identity }) => identity));
    return usersOf(removal, server)
      .filter(({ identity, kind }) => kind !== "source" && !still.has(identity))
      .map(({ path }) => path);
  });
  const left = withoutPaths(server, paths);
  return isJsonMap(left) ? left : server;
}

/** The innermost objects that use a name. */
function usersOf({ database, removed }: RemovedFrom, document: JsonMap): MetadataObject[] {
  const paths = pathsThatUse(document, database, usedObject(removed));
  const objects = paths.length === 0 ? [] : objectsOf(document);
  return paths.flatMap((path) => objects.findLast((object) => contains(object.path, path)) ?? []);
}

function contains(outer: JsonPath, path: JsonPath): boolean {
  return outer.every((key, index) => path[index] === key);
}

function usedObject({ kind, name, column }: RemovedName): UsedObject {
  const qualified = name.includes(".") ? name : `public.${name}`;
  if (kind === "function") return { function: qualified };
  return { table: qualified, ...(column !== undefined && { column }) };
}
