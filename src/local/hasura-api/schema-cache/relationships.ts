import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import {
  fullName,
  mapAt,
  mapsAt,
  nameText,
  qualified,
  textAt,
  type QualifiedName,
} from "../metadata-document.ts";
import type { ForeignKey } from "../database/database-schema.ts";
import { targetOf, type Findings, type Target } from "./findings.ts";
import { MissingName, NotBuilt, quoted } from "./inconsistency.ts";
import { partObject, type MetadataObject } from "./metadata-object.ts";
import type { BuiltSource, TableField, TrackedTable } from "./tracked-table.ts";

/** A field that is not added to its table yet, because its name may clash with another one's. */
export interface NewField {
  readonly name: string;
  readonly field: TableField;
  readonly object: MetadataObject;
  readonly target: Target;
}

/** The object and array relationships of a table. */
export function buildRelationships(
  table: TrackedTable,
  source: BuiltSource,
  findings: Findings,
): NewField[] {
  const lists = ["object_relationships", "array_relationships"] as const;
  return lists.flatMap((list) =>
    mapsAt(table.entry, list).flatMap((entry) => {
      const name = textAt(entry, "name");
      const object = partObject(table.source, table.name, list, entry);
      const target = table.part("relationship", name);
      const context = `in table ${table.label}: in relationship ${quoted(name)}: `;
      const built = findings.attempt(object, context, () =>
        build(mapAt(entry, "using"), table, source),
      );
      if (built === undefined) return [];
      findings.depends(object, target, built.on);
      return [{ name, field: { kind: "relationship", table: built.to }, object, target } as const];
    }),
  );
}

interface Built {
  readonly to: QualifiedName;
  readonly on: readonly Target[];
}

function build(using: JsonMap, table: TrackedTable, source: BuiltSource): Built {
  const { manual_configuration: manual, foreign_key_constraint_on: key = null } = using;
  if (isJsonMap(manual)) return byHand(manual, table, source);
  if (isJsonMap(key)) return byTheirKey(key, table, source);
  return byOwnKey(namesIn(key), table, source);
}

/** The columns are not checked here: the relationship depends on them. */
function byHand(manual: JsonMap, table: TrackedTable, source: BuiltSource): Built {
  const to = qualified(manual["remote_table"]) ?? {
    schema: "",
    name: textAt(manual, "remote_native_query"),
  };
  const mapping = Object.entries(mapAt(manual, "column_mapping"));
  return {
    to,
    on: [
      ...mapping.map(([own]) => table.part("column", own)),
      ...mapping.flatMap(([, theirs]) =>
        typeof theirs === "string" ? [columnOf(to, theirs, source)] : [],
      ),
    ],
  };
}

function byOwnKey(columns: readonly string[], table: TrackedTable, source: BuiltSource): Built {
  const key = onlyKey(table.relation.foreignKeys, columns);
  const to = splitName(key.table, source);
  return {
    to,
    on: [
      table.part("constraint", key.name),
      tableTarget(to, source),
      ...columns.map((column) => table.part("column", column)),
    ],
  };
}

function byTheirKey(reference: JsonMap, table: TrackedTable, source: BuiltSource): Built {
  const to = qualified(reference["table"]) ?? { schema: "", name: "" };
  const theirs = source.tables.get(fullName(to));
  if (theirs === undefined)
    throw new MissingName(`table ${quoted(nameText(to))} does not exist in source: ${source.name}`);
  const columns = namesIn(reference["column"] ?? reference["columns"] ?? null);
  const keys = theirs.relation.foreignKeys.filter((key) => key.table === fullName(table.name));
  const key = onlyKey(keys, columns);
  return {
    to,
    on: [
      theirs.part("constraint", key.name),
      theirs.target,
      ...columns.map((column) => theirs.part("column", column)),
    ],
  };
}

/** The foreign key on exactly these columns. */
function onlyKey(keys: readonly ForeignKey[], columns: readonly string[]): ForeignKey {
  const wanted = sorted(columns);
  const [key, ...others] = keys.filter((each) => sorted(each.columns) === wanted);
  if (key === undefined)
    throw new MissingName("no foreign constraint exists on the given column(s)");
  if (others.length > 0)
    throw new NotBuilt("more than one foreign key constraint exists on the given column(s)");
  return key;
}

const sorted = (names: readonly string[]): string => JSON.stringify(names.toSorted());

function namesIn(value: Json): readonly string[] {
  if (typeof value === "string") return [value];
  return isJsonList(value) ? value.filter((name) => typeof name === "string") : [];
}

/** A full name of the database as a name of the metadata. */
function splitName(name: string, { tables }: BuiltSource): QualifiedName {
  const tracked = tables.get(name);
  if (tracked !== undefined) return tracked.name;
  const dot = name.indexOf(".");
  return { schema: name.slice(0, dot), name: name.slice(dot + 1) };
}

/** A table as something that others depend on, even if it is not tracked. */
export function tableTarget(table: QualifiedName, { name, tables }: BuiltSource): Target {
  return tables.get(fullName(table))?.target ?? targetOf({ kind: "table", source: name, table });
}

function columnOf(table: QualifiedName, column: string, source: BuiltSource): Target {
  const tracked = source.tables.get(fullName(table));
  return (
    tracked?.part("column", column) ??
    targetOf({ kind: "column", source: source.name, table, name: column })
  );
}
