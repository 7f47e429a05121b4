import { isJsonMap, type JsonMap } from "../../../metadata/document/json.ts";
import { operations, type Operation } from "../document/read-permission.ts";
import { mapAt, mapsAt, nameText, textAt, textsAt } from "../metadata-document.ts";
import { checkCondition, type Needs } from "./boolean-expression.ts";
import { checkInputValidation, type Environment } from "./environment-values.ts";
import { checkValue } from "./column-values.ts";
import type { Findings } from "./findings.ts";
import { MissingName, NotBuilt, quoted } from "./inconsistency.ts";
import { permissionObject } from "./metadata-object.ts";
import type { BuiltSource, TrackedTable } from "./tracked-table.ts";

/** The permissions of a table. Each depends on the table, and on the fields that it names. */
export function buildPermissions(
  table: TrackedTable,
  source: BuiltSource,
  env: Environment,
  findings: Findings,
): void {
  for (const operation of operations)
    for (const entry of mapsAt(table.entry, `${operation}_permissions`)) {
      const role = textAt(entry, "role");
      const object = permissionObject(table.source, table.name, operation, entry);
      const needs: Needs = { on: new Set([table.target]), onType: new Set() };
      const context = `in table ${table.label}: in permission for role ${quoted(role)}: `;
      const built = findings.attempt(object, context, () => {
        if (role === "admin") throw new NotBuilt("cannot define permission for admin role");
        checks[operation](mapAt(entry, "permission"), { table, source, role, env, needs });
        return true;
      });
      if (built === undefined) continue;
      const target = table.permission(operation, role);
      findings.exists(target);
      findings.depends(object, target, needs.on, needs.onType);
    }
}

interface Context {
  readonly table: TrackedTable;
  readonly source: BuiltSource;
  readonly role: string;
  readonly env: Environment;
  readonly needs: Needs;
}

const checks: Readonly<Record<Operation, (permission: JsonMap, context: Context) => void>> = {
  insert: (permission, context) => {
    checkFilter(permission, "check", context);
    checkPresets(permission, context);
    checkWritten(permission, "insert", context);
    checkInputValidation(permission, context.env);
  },
  select: (permission, context) => {
    checkFilter(permission, "filter", context);
    for (const column of columnsOf(permission, context.table))
      needColumn(column, "permissions for relationships are automatically inferred", context);
    for (const field of textsAt(permission, "computed_fields")) checkComputedField(field, context);
    const { limit } = permission;
    if (typeof limit === "number" && limit < 0) throw new NotBuilt("unexpected negative value");
    checkRootFields(permission, context);
  },
  update: (permission, context) => {
    checkFilter(permission, "filter", context);
    if (isJsonMap(permission["check"])) checkFilter(permission, "check", context);
    checkPresets(permission, context);
    checkWritten(permission, "update", context);
    checkInputValidation(permission, context.env);
  },
  delete: (permission, context) => {
    checkFilter(permission, "filter", context);
    checkInputValidation(permission, context.env);
  },
};

function checkFilter(permission: JsonMap, key: string, { table, source, needs }: Context): void {
  checkCondition(permission[key] ?? {}, table, source, needs);
}

function needColumn(name: string, more: string, { table, needs }: Context): void {
  table.column(name, more);
  needs.on.add(table.part("column", name));
}

/** The columns of a permission; all of them for `*`, and for an insert permission that names none. */
function columnsOf({ columns }: JsonMap, { relation }: TrackedTable): readonly string[] {
  return columns === undefined || columns === "*"
    ? [...relation.columns.keys()]
    : textsAt({ columns }, "columns");
}

function checkWritten(permission: JsonMap, operation: "insert" | "update", context: Context): void {
  const { columns } = permission;
  const all = columns === undefined || columns === "*";
  const more = `Only table columns can have ${operation} permissions defined, not relationships or other field types`;
  for (const name of columnsOf(permission, context.table)) {
    const { isWritable } = context.table.column(name, more);
    if (isWritable) needColumn(name, more, context);
    else if (!all)
      throw new NotBuilt(
        `Column ${quoted(name)} is not ${operation === "insert" ? "insertable" : "updatable"} and so cannot have ${operation} permissions defined`,
      );
  }
}

function checkPresets(permission: JsonMap, context: Context): void {
  const { table, needs } = context;
  for (const [name, value] of Object.entries(mapAt(permission, "set"))) {
    needColumn(name, `column ${quoted(name)} not found in table ${table.label}`, context);
    checkValue(value, table.column(name, ""));
    if (typeof value !== "string" || !/^x-hasura-/i.test(value))
      needs.onType.add(table.part("column", name).label);
  }
}

function checkComputedField(name: string, { table, needs }: Context): void {
  const field = table.fields.get(name);
  if (field === undefined) throw new MissingName(`computed field ${quoted(name)} does not exist`);
  if (field.kind !== "computed field")
    throw new NotBuilt(`expecting a computed field; but, ${quoted(name)} is a ${field.kind}`);
  if (field.returnsTable !== undefined)
    throw new NotBuilt(
      `select permissions on computed field ${quoted(name)} are auto-derived from the permissions on its returning table ${quoted(nameText(field.returnsTable))} and cannot be specified manually`,
    );
  needs.on.add(table.part("computed field", name));
}

function checkRootFields(permission: JsonMap, context: Context): void {
  const { table, source, role } = context;
  const fields = [
    ...textsAt(permission, "query_root_fields"),
    ...textsAt(permission, "subscription_root_fields"),
  ];
  const columns = new Set(columnsOf(permission, table));
  const { primaryKey } = table.relation;
  const hasKey = primaryKey.length > 0 && primaryKey.every((column) => columns.has(column));
  if (fields.includes("select_by_pk") && !hasKey)
    throw new NotBuilt(
      `The "select_by_pk" field cannot be included in the query_root_fields or subscription_root_fields because the role ${quoted(role)} does not have access to the primary key of the table ${table.label} in the source ${quoted(source.name)}`,
    );
  if (fields.includes("select_aggregate") && permission["allow_aggregations"] !== true)
    throw new NotBuilt(
      'The "select_aggregate" root field can only be enabled in the query_root_fields or  the subscription_root_fields when "allow_aggregations" is set to true',
    );
}
