import type { Json, JsonMap } from "../document/json.ts";
import { qualifiedName } from "../document/object-lists.ts";
import type { JsonPath } from "../document/places.ts";
import type { Inconsistency } from "./finding.ts";
import { missingColumn } from "./names.ts";
import { checkMapping, namesIn } from "./relationships.ts";
import type { DatabaseSchema } from "./schema.ts";
import { mapIn, mapsIn, type Located, type TableUnderCheck } from "./source.ts";

/** Columns in the configuration of a table that do not exist. */
export function checkConfiguration({
  value,
  path,
  name,
  relation,
}: TableUnderCheck): Inconsistency[] {
  const configuration = mapIn(value, path, "configuration");
  if (configuration === undefined) return [];
  return ["column_config", "custom_column_names"].flatMap((key) => {
    const columns = mapIn(configuration.value, configuration.path, key);
    return Object.keys(columns?.value ?? {}).flatMap((column) =>
      missingColumn({ value: column, path: [...configuration.path, key, column] }, name, relation),
    );
  });
}

/** Functions of computed fields that do not exist. */
export function checkComputedFields({ value, path, source }: TableUnderCheck): Inconsistency[] {
  return mapsIn(value, path, "computed_fields").flatMap((field) => {
    const definition = mapIn(field.value, field.path, "definition");
    const name = definition?.value["function"];
    return definition === undefined || name === undefined
      ? []
      : missingFunction(name, [...definition.path, "function"], source.schema);
  });
}

export function missingFunction(
  value: Json,
  path: JsonPath,
  { functions }: DatabaseSchema,
): Inconsistency[] {
  const name = qualifiedName(value);
  if (name === undefined || functions.has(name)) return [];
  return [{ path, message: `The function ${name} does not exist.` }];
}

/** Columns of event triggers that do not exist. */
export function checkEventTriggers(table: TableUnderCheck): Inconsistency[] {
  return mapsIn(table.value, table.path, "event_triggers").flatMap((trigger) => {
    const definition = mapIn(trigger.value, trigger.path, "definition");
    if (definition === undefined) return [];
    return ["insert", "update", "delete"].flatMap((operation) => {
      const spec = mapIn(definition.value, definition.path, operation);
      return spec === undefined ? [] : checkTriggerColumns(spec, table);
    });
  });
}

function checkTriggerColumns(spec: Located<JsonMap>, table: TableUnderCheck): Inconsistency[] {
  return ["columns", "payload"].flatMap((key) => {
    const columns = spec.value[key] ?? null;
    if (columns === "*") return [];
    return namesIn(columns, [...spec.path, key]).flatMap((column) =>
      missingColumn(column, table.name, table.relation),
    );
  });
}

/** What the relationships of a table to other sources and to remote schemas refer to and does not exist. */
export function checkRemoteRelationships(table: TableUnderCheck): Inconsistency[] {
  return mapsIn(table.value, table.path, "remote_relationships").flatMap(({ value, path }) => {
    const definition = mapIn(value, path, "definition");
    if (definition === undefined) return [];
    const toSource = mapIn(definition.value, definition.path, "to_source");
    return toSource === undefined
      ? checkToSchema(definition, table)
      : checkToSource(toSource, table);
  });
}

function checkToSource({ value, path }: Located<JsonMap>, table: TableUnderCheck): Inconsistency[] {
  const { source: name } = value;
  const target = qualifiedName(value["table"]);
  if (typeof name !== "string" || target === undefined) return [];
  const tables = table.source.tablesOfSources.get(name);
  if (tables === undefined)
    return [{ path: [...path, "source"], message: `The metadata has no source ${name}.` }];
  const mapping = mapIn(value, path, "field_mapping");
  const relation =
    name === table.source.name ? table.source.schema.relations.get(target) : undefined;
  return [
    ...(tables.has(target)
      ? []
      : [{ path: [...path, "table"], message: `The source ${name} does not track ${target}.` }]),
    ...(mapping === undefined ? [] : checkMapping(mapping, table, target, relation)),
  ];
}

/** Fields of the table that are passed to a remote schema: columns or computed fields. */
function checkToSchema(
  { value, path }: Located<JsonMap>,
  { name, relation, value: table, path: at }: TableUnderCheck,
): Inconsistency[] {
  const toSchema = mapIn(value, path, "to_remote_schema");
  const computed = mapsIn(table, at, "computed_fields").map((field) => field.value["name"]);
  const fields =
    toSchema === undefined
      ? namesIn(value["hasura_fields"] ?? null, [...path, "hasura_fields"])
      : namesIn(toSchema.value["lhs_fields"] ?? null, [...toSchema.path, "lhs_fields"]);
  return fields
    .filter((field) => !computed.includes(field.value))
    .flatMap((field) => missingColumn(field, name, relation));
}
