import { isJsonMap, type JsonMap } from "../document/json.ts";
import { checkExpression } from "./boolean-expression.ts";
import type { Inconsistency } from "./finding.ts";
import { missingColumn } from "./names.ts";
import { namesIn } from "./relationships.ts";
import { mapIn, mapsIn, type Located, type TableUnderCheck } from "./source.ts";

const lists = [
  "select_permissions",
  "insert_permissions",
  "update_permissions",
  "delete_permissions",
] as const;

/** Columns and computed fields that the permissions on a table use, and that do not exist. */
export function checkPermissions(table: TableUnderCheck): Inconsistency[] {
  return lists
    .flatMap((list) => mapsIn(table.value, table.path, list))
    .flatMap(({ value, path }) => {
      const permission = mapIn(value, path, "permission");
      return permission === undefined ? [] : checkPermission(permission, table);
    });
}

function checkPermission(permission: Located<JsonMap>, table: TableUnderCheck): Inconsistency[] {
  const { value, path } = permission;
  return [
    ...checkColumns(permission, table),
    ...checkPresets(permission, table),
    ...checkComputedFields(permission, table),
    ...checkExpression(value["filter"], [...path, "filter"], table),
    ...checkExpression(value["check"], [...path, "check"], table),
  ];
}

/** `columns: "*"` stands for all. */
function checkColumns({ value, path }: Located<JsonMap>, table: TableUnderCheck): Inconsistency[] {
  const columns = value["columns"] ?? null;
  if (columns === "*") return [];
  return namesIn(columns, [...path, "columns"]).flatMap((column) =>
    missingColumn(column, table.name, table.relation),
  );
}

function checkPresets({ value, path }: Located<JsonMap>, table: TableUnderCheck): Inconsistency[] {
  const presets = value["set"];
  if (!isJsonMap(presets)) return [];
  return Object.keys(presets).flatMap((column) =>
    missingColumn({ value: column, path: [...path, "set", column] }, table.name, table.relation),
  );
}

function checkComputedFields(
  { value, path }: Located<JsonMap>,
  table: TableUnderCheck,
): Inconsistency[] {
  const fields = mapsIn(table.value, table.path, "computed_fields").map(
    (field) => field.value["name"],
  );
  return namesIn(value["computed_fields"] ?? null, [...path, "computed_fields"])
    .filter((field) => !fields.includes(field.value))
    .map((field) => ({
      path: field.path,
      message: `${table.name} has no computed field ${field.value}.`,
    }));
}
