import type { JsonMap } from "../document/json.ts";
import type { MetadataDocument } from "../document/metadata-document.ts";
import type { JsonPath } from "../document/places.ts";
import type { MetadataProblem } from "../problem.ts";
import type { Inconsistency } from "./finding.ts";
import { checkPermissions } from "./permissions.ts";
import { checkRelationships } from "./relationships.ts";
import type { DatabaseSchema } from "./schema.ts";
import { mapsIn, trackedTables, type SourceUnderCheck } from "./source.ts";
import {
  checkComputedFields,
  checkConfiguration,
  checkEventTriggers,
  checkRemoteRelationships,
  missingFunction,
} from "./table-parts.ts";
import { checkTypeRelationships } from "./type-relationships.ts";

/**
 * Compares the metadata of one source with the schema of its database: what Hasura would report as inconsistent, each with the place
 * that refers to something that does not exist. Undefined if the metadata has no such source.
 */
export function checkConsistency(
  document: MetadataDocument,
  sourceName: string,
  schema: DatabaseSchema,
): readonly MetadataProblem[] | undefined {
  const found = inconsistenciesOf(document, sourceName, schema);
  return found && inOrder(found.map((each) => problemOf(each, document)));
}

/** The same, with the path of each. */
export function inconsistenciesOf(
  document: Pick<MetadataDocument, "value" | "configVersion">,
  sourceName: string,
  schema: DatabaseSchema,
): readonly Inconsistency[] | undefined {
  const source = sourceIn(document, sourceName, schema);
  if (source === undefined) return undefined;
  return [...checkSource(source), ...checkTypeRelationships(document.value, source)];
}

function checkSource(source: SourceUnderCheck): Inconsistency[] {
  const { schema } = source;
  return [
    ...[...source.tables.values()].flatMap((table) => {
      const relation = schema.relations.get(table.name);
      return relation === undefined
        ? [{ path: table.path, message: `The table ${table.name} does not exist.` }]
        : checkParts.flatMap((check) => check({ ...table, source, relation }));
    }),
    ...mapsIn(source.value, source.path, "functions").flatMap(({ value, path }) =>
      missingFunction(value["function"] ?? null, path, schema),
    ),
  ];
}

const checkParts = [
  checkConfiguration,
  checkRelationships,
  checkRemoteRelationships,
  checkComputedFields,
  checkPermissions,
  checkEventTriggers,
];

/**
 * A source of a document; undefined if there is none of this name. The only source of config version 2 has its tables and functions in
 * the document itself.
 */
export function sourceIn(
  { value, configVersion }: Pick<MetadataDocument, "value" | "configVersion">,
  name: string,
  schema: DatabaseSchema,
): SourceUnderCheck | undefined {
  const sources = mapsIn(value, [], "sources");
  const found = configVersion === 2 ? { value, path: [] } : sources.find(hasName(name));
  if (found === undefined) return undefined;
  return {
    ...{ name, schema, value: found.value, path: found.path },
    tables: trackedTables(found.value, found.path),
    tablesOfSources: new Map(sources.map((source) => tablesOf(source.value, source.path))),
  };
}

function hasName(name: string): (source: { readonly value: JsonMap }) => boolean {
  return ({ value }) => value["name"] === name;
}

function tablesOf(source: JsonMap, path: JsonPath): readonly [string, ReadonlySet<string>] {
  const { name } = source;
  return [typeof name === "string" ? name : "", new Set(trackedTables(source, path).keys())];
}

function problemOf({ path, message }: Inconsistency, document: MetadataDocument): MetadataProblem {
  const place = document.placeOf(path);
  return {
    ...{ severity: "error", code: "metadata-inconsistent", message },
    ...(place && { place }),
  };
}

/** Sorted by their places, without repetitions: both sides of a mapping can lack the same column. */
export function inOrder(problems: readonly MetadataProblem[]): MetadataProblem[] {
  const places = new Map(problems.map((problem) => [sortKey(problem), problem]));
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, problem]) => problem);
}

function sortKey({ place, message }: MetadataProblem): string {
  const numbers = [place?.line ?? 0, place?.column ?? 0].map((each) =>
    String(each).padStart(9, "0"),
  );
  return JSON.stringify([place?.file ?? "", ...numbers, message]);
}
