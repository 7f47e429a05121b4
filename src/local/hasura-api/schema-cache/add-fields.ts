import { mapAt, textAt } from "../metadata-document.ts";
import { conflictingObjects, inconsistentObject, quoted } from "./inconsistency.ts";
import type { Findings } from "./findings.ts";
import type { NewField } from "./relationships.ts";
import type { TrackedTable } from "./tracked-table.ts";

/** Adds the fields to a table, unless their names clash with each other or with columns. */
export function addFields(
  table: TrackedTable,
  fields: readonly NewField[],
  findings: Findings,
): void {
  const byName = new Map<string, NewField[]>();
  for (const field of fields) byName.set(field.name, [...(byName.get(field.name) ?? []), field]);
  for (const [name, [first, second]] of byName) {
    if (first === undefined) continue;
    if (second === undefined) addField(table, first, findings);
    else
      findings.add(
        conflictingObjects(
          [first.object, second.object],
          `conflicting definitions for field ${quoted(name)}`,
        ),
      );
  }
}

function addField(table: TrackedTable, added: NewField, findings: Findings): void {
  const column = columnNamed(table, added.name);
  if (table.fields.has(added.name))
    findings.add(
      inconsistentObject(added.object, "field definition conflicts with postgres column"),
    );
  else if (column !== undefined)
    findings.add(
      inconsistentObject(
        added.object,
        `field definition conflicts with custom field name for postgres column ${quoted(column)}`,
      ),
    );
  else {
    table.fields.set(added.name, added.field);
    findings.exists(added.target);
  }
}

/** The column whose custom name this is. */
function columnNamed(table: TrackedTable, name: string): string | undefined {
  const columns = mapAt(mapAt(table.entry, "configuration"), "column_config");
  return [...table.relation.columns.keys()].find(
    (column) => textAt(mapAt(columns, column), "custom_name") === name,
  );
}
