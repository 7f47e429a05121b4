import { isJsonMap, type JsonMap } from "../../../metadata/document/json.ts";
import {
  fullName,
  mapAt,
  mapsAt,
  nameText,
  qualified,
  textAt,
  textsAt,
} from "../metadata-document.ts";
import { targetOf, type Findings, type Target } from "./findings.ts";
import { MissingName, NotBuilt, quoted } from "./inconsistency.ts";
import { partObject } from "./metadata-object.ts";
import type { NewField } from "./relationships.ts";
import type { BuiltSource, TrackedTable } from "./tracked-table.ts";

/** What a remote relationship can lead to. */
export interface OtherEnds {
  /** The sources that can be read, by name. */
  readonly sources: ReadonlyMap<string, BuiltSource>;
  /** The names of sources that this environment has no driver for. */
  readonly unchecked: ReadonlySet<string>;
  /** The names of the remote schemas that answer. */
  readonly remoteSchemas: ReadonlySet<string>;
}

/** The relationships of a table to other sources and to remote schemas. */
export function buildRemoteRelationships(
  table: TrackedTable,
  ends: OtherEnds,
  findings: Findings,
): NewField[] {
  return mapsAt(table.entry, "remote_relationships").flatMap((entry) => {
    const name = textAt(entry, "name");
    const object = partObject(table.source, table.name, "remote_relationships", entry);
    const target = table.part("remote relationship", name);
    const context = `in table ${table.label}: in remote relationship ${quoted(name)}: `;
    const needs = findings.attempt(object, context, () =>
      build(mapAt(entry, "definition"), table, ends),
    );
    if (needs === undefined) return [];
    findings.depends(object, target, [table.target, ...needs]);
    return [{ name, field: { kind: "remote relationship" }, object, target } as const];
  });
}

function build(definition: JsonMap, table: TrackedTable, ends: OtherEnds): readonly Target[] {
  const { to_source: toSource, to_remote_schema: toSchema } = definition;
  if (isJsonMap(toSource)) return buildToSource(toSource, table, ends);
  const schema = isJsonMap(toSchema) ? toSchema : definition;
  const fields = isJsonMap(toSchema)
    ? textsAt(toSchema, "lhs_fields")
    : textsAt(definition, "hasura_fields");
  const name = textAt(schema, "remote_schema");
  if (!ends.remoteSchemas.has(name))
    throw new NotBuilt(`remote schema with name ${quoted(name)} not found`);
  return [
    ...fields.map((field) => joinField(field, table)),
    targetOf({ kind: "remote schema", name }),
  ];
}

function buildToSource(
  toSource: JsonMap,
  table: TrackedTable,
  { sources, unchecked }: OtherEnds,
): readonly Target[] {
  const name = textAt(toSource, "source");
  const mapping = Object.entries(mapAt(toSource, "field_mapping"));
  const own = (): Target[] => mapping.map(([field]) => joinField(field, table));
  if (unchecked.has(name)) return own();
  const source = sources.get(name);
  if (source === undefined) throw new MissingName(`source not found: ${quoted(name)}`);
  const to = qualified(toSource["table"]) ?? { schema: "", name: "" };
  const theirs = source.tables.get(fullName(to));
  if (theirs === undefined)
    throw new MissingName(`table ${quoted(nameText(to))} does not exist in source: ${name}`);
  return [
    ...own(),
    theirs.target,
    ...mapping.flatMap(([, column]) => {
      if (typeof column !== "string") return [];
      if (!theirs.relation.columns.has(column))
        throw new MissingName(`${quoted(column)} does not exist`);
      return [theirs.part("column", column)];
    }),
  ];
}

/** A column, or a computed field without arguments of its own. */
function joinField(name: string, table: TrackedTable): Target {
  const field = table.field(name);
  if (field.kind === "column") return table.part("column", name);
  const usable =
    field.kind === "computed field" && field.isPlain && field.returnsTable === undefined;
  if (!usable) throw new MissingName(`${quoted(name)} does not exist`);
  return table.part("computed field", name);
}
