import type { JsonMap } from "../document/json.ts";
import { qualifiedName } from "../document/object-lists.ts";
import type { Inconsistency } from "./finding.ts";
import { missingColumn } from "./names.ts";
import { mapIn, mapsIn, type Located, type SourceUnderCheck } from "./source.ts";

/** What the relationships of custom types to the tables of a source refer to and does not exist. */
export function checkTypeRelationships(
  document: JsonMap,
  source: SourceUnderCheck,
): Inconsistency[] {
  const types = mapIn(document, [], "custom_types");
  if (types === undefined) return [];
  return mapsIn(types.value, types.path, "objects")
    .flatMap(({ value, path }) => mapsIn(value, path, "relationships"))
    .filter(({ value }) => (value["source"] ?? "default") === source.name)
    .flatMap((relationship) => checkRelationship(relationship, source));
}

function checkRelationship(
  { value, path }: Located<JsonMap>,
  { tables, schema }: SourceUnderCheck,
): Inconsistency[] {
  const target = qualifiedName(value["remote_table"]);
  if (target === undefined) return [];
  const relation = schema.relations.get(target);
  if (relation === undefined || !tables.has(target)) {
    const is = relation === undefined ? "does not exist" : "is not tracked";
    return [{ path: [...path, "remote_table"], message: `The table ${target} ${is}.` }];
  }
  const mapping = mapIn(value, path, "field_mapping");
  return Object.entries(mapping?.value ?? {}).flatMap(([field, column]) =>
    typeof column === "string"
      ? missingColumn({ value: column, path: [...path, "field_mapping", field] }, target, relation)
      : [],
  );
}
