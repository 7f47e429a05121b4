import type { Column, EnumReference } from "../database/database-schema.ts";
import { fullName, mapAt, nameText, textAt } from "../metadata-document.ts";
import { MissingName, NotBuilt, quoted } from "./inconsistency.ts";
import type { TrackedTable } from "./tracked-table.ts";

/**
 * Gives the columns of a table that refer to an enum its type, and checks their names in the API.
 * @param tables the tracked tables of its source, by full name
 * @throws NotBuilt as the server's Table/API.hs
 */
export function resolveColumns(
  table: TrackedTable,
  tables: ReadonlyMap<string, TrackedTable>,
): void {
  const { columns } = table.relation;
  const configured = mapAt(mapAt(table.entry, "configuration"), "column_config");
  const unknown = Object.keys(configured).find((name) => !columns.has(name));
  if (unknown !== undefined)
    throw new MissingName(
      `configuration was given for the column ${quoted(unknown)}, but no such column exists`,
    );
  const byName = new Map<string, string>();
  for (const column of columns.values()) {
    const name = textAt(mapAt(configured, column.name), "custom_name") || column.name;
    const other = byName.get(name);
    if (other !== undefined)
      throw new NotBuilt(
        `the definitions of columns ${quoted(other)} and ${quoted(column.name)} are in conflict: they are mapped to the same field name, ${quoted(name)}`,
      );
    byName.set(name, column.name);
    const enumTable = enumTableOf(column, table, tables);
    if (enumTable !== undefined)
      table.fields.set(column.name, {
        kind: "column",
        column: { ...column, enum: referenceTo(enumTable) },
      });
  }
}

/** The enum that a column refers to with a foreign key of its own. */
function enumTableOf(
  { name }: Column,
  table: TrackedTable,
  tables: ReadonlyMap<string, TrackedTable>,
): TrackedTable | undefined {
  const targets = table.relation.foreignKeys.flatMap(({ columns, theirColumns, ...key }) => {
    const target = tables.get(key.table);
    const isEnum = target?.entry["is_enum"] === true;
    const isKey = isSame(theirColumns, target?.relation.primaryKey ?? []);
    return isEnum && isKey && isSame(columns, [name]) ? [target] : [];
  });
  if (targets.length > 1)
    throw new NotBuilt(
      `column ${quoted(name)} in table ${table.label} references multiple enum tables (${targets.map(({ label }) => label).join(", ")})`,
    );
  return targets[0];
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  JSON.stringify(some) === JSON.stringify(others);

function referenceTo({ name, entry, relation }: TrackedTable): EnumReference {
  return {
    type: textAt(mapAt(entry, "configuration"), "custom_name") || nameText(name),
    table: name.schema === "public" ? name.name : fullName(name).replace(".", "_"),
    values: relation.enumValues,
  };
}
