import type { JsonMap } from "../../../metadata/document/json.ts";
import { dependentsOf, refuseDependents, withoutDependents } from "../dependents.ts";
import { HasuraError } from "../hasura-error.ts";
import {
  changeSource,
  fullName,
  mapAt,
  nameText,
  qualified,
  type MetadataDocument,
  type QualifiedName,
} from "../metadata-document.ts";
import type { SchemaCache } from "../schema-cache/build-cache.ts";
import type { Target } from "../schema-cache/findings.ts";
import { functionObject, tableObject, withoutObject } from "../schema-cache/metadata-object.ts";
import { labelOf, tableOf } from "../schema-cache/schema-object.ts";
import { renameColumn, renameTable } from "./rename.ts";
import type { AlteredTable, SchemaDiff } from "./schema-diff.ts";

/** The state that SQL with a check of the metadata starts from. */
export interface Before {
  readonly metadata: MetadataDocument;
  readonly cache: SchemaCache;
  /** The name of the source. */
  readonly source: string;
}

/**
 * The metadata after SQL that changed the schema: without dropped tables and functions, and with the new names of renamed ones.
 * @throws HasuraError if something else depends on what is gone and `cascade` is not set, or on the type of a column
 */
export function followSchema(before: Before, diff: SchemaDiff, cascade: boolean): MetadataDocument {
  refuseFunctions(diff);
  const dependents = indirectDependents(before, diff);
  if (!cascade) refuseDependents(dependents, "$");
  let metadata = withoutDependents(before.metadata, before.cache, dependents);
  for (const { name } of diff.droppedTables)
    metadata = withoutObject(metadata, tableObject(before.source, name));
  for (const name of diff.droppedFunctions)
    metadata = withoutObject(metadata, functionObject(before.source, name));
  for (const altered of diff.altered) metadata = followTable(metadata, altered, before);
  return metadata;
}

const notSupported = (message: string): HasuraError =>
  new HasuraError(400, "not-supported", message);

const quoted = (names: readonly QualifiedName[]): string =>
  names.map((name) => `"${nameText(name)}"`).join(", ");

function refuseFunctions({ overloadedFunctions, volatileFunctions }: SchemaDiff): void {
  if (overloadedFunctions.length > 0)
    throw notSupported(
      `the following tracked function(s) cannot be overloaded: ${overloadedFunctions.map(nameText).join(", ")}`,
    );
  if (volatileFunctions.length > 0)
    throw notSupported(
      `type of function ${quoted(volatileFunctions)} is altered to "VOLATILE" which is not supported now`,
    );
}

/** What depends on something that is gone, and does not belong to a table that is gone. */
function indirectDependents({ cache, source }: Before, diff: SchemaDiff): Target[] {
  const gone = new Set([
    ...diff.droppedTables.map(({ target }) => target.label),
    ...diff.altered.flatMap(({ table, droppedColumns, droppedConstraints }) => [
      ...droppedColumns.map((column) => table.part("column", column).label),
      ...droppedConstraints.map((name) => table.part("constraint", name).label),
    ]),
  ]);
  const droppedTables = new Set(diff.droppedTables.map(({ target }) => target.label));
  const found = dependentsOf(cache, ({ label }) => gone.has(label)).filter(({ object }) => {
    const owner = tableOf(object);
    if (owner === undefined) return false;
    const label = labelOf({ kind: "table", source: owner.source, table: owner.table });
    return owner.source !== source || !droppedTables.has(label);
  });
  const fields = diff.altered.flatMap(({ table, droppedFields }) =>
    droppedFields.map((name) => table.part("computed field", name)),
  );
  return [...new Map([...found, ...fields].map((each) => [each.label, each])).values()];
}

function followTable(
  metadata: MetadataDocument,
  altered: AlteredTable,
  before: Before,
): MetadataDocument {
  refuseFields(altered);
  refuseNewTypes(altered, before);
  const { table, newName, droppedColumns, renamedColumns } = altered;
  let followed = withoutConfiguration(metadata, altered, droppedColumns);
  for (const [from, to] of renamedColumns)
    followed = renameColumn(followed, { table, cache: before.cache, from, to });
  return newName === undefined ? followed : renameTable(followed, table, newName);
}

function refuseFields({ table, overloadedFields, volatileFields }: AlteredTable): void {
  for (const { field, name } of overloadedFields)
    throw notSupported(
      `The function "${nameText(name)}" associated with computed field"${field}" of table ${table.label} is being overloaded`,
    );
  for (const { field, name } of volatileFields)
    throw notSupported(
      `The type of function "${nameText(name)}" associated with computed field "${field}" of table ${table.label} is being altered to "VOLATILE"`,
    );
}

function refuseNewTypes({ table, retypedColumns }: AlteredTable, { cache }: Before): void {
  for (const column of retypedColumns) {
    const { label } = table.part("column", column);
    const dependents = cache.dependencies
      .filter(({ on, onType }) => onType === true && on.label === label)
      .map(({ dependent }) => dependent.label);
    if (dependents.length > 0)
      throw new HasuraError(
        400,
        "dependency-error",
        `cannot change type of column "${column}" in table ${table.label} because of the following dependencies: ${[...new Set(dependents)].toSorted().join(", ")}`,
      );
  }
}

/** The metadata without the settings of dropped columns. */
function withoutConfiguration(
  metadata: MetadataDocument,
  { table }: AlteredTable,
  columns: readonly string[],
): MetadataDocument {
  const without = (map: JsonMap): JsonMap =>
    Object.fromEntries(Object.entries(map).filter(([key]) => !columns.includes(key)));
  const change = (entry: JsonMap): JsonMap => {
    const name = qualified(entry["table"]);
    const configuration = mapAt(entry, "configuration");
    const settings = mapAt(configuration, "column_config");
    const isIt = name !== undefined && fullName(name) === fullName(table.name);
    if (!isIt || !columns.some((column) => column in settings)) return entry;
    const names = without(mapAt(configuration, "custom_column_names"));
    const kept = { column_config: without(settings), custom_column_names: names };
    return { ...entry, configuration: { ...configuration, ...kept } };
  };
  return changeSource(metadata, table.source, (source) => ({
    ...source,
    tables: source.tables.map(change),
  }));
}
