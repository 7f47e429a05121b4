import type { AlterTableCmd } from "@pgsql/types";
import type { UsedName } from "../engine/plan/assessment.ts";
import { isDefault } from "./alter-locks.ts";
import { columnType, isBuiltIn } from "./column-types.ts";
import { functionsIn } from "./names.ts";
import { alterCommands, type LintStatement } from "./rules/rule.ts";
import type { Schema } from "./schema.ts";
import { fixed, isVolatile } from "./volatility.ts";

/**
 * The domains and functions that decide what a change of a table does, and that the project does not define: the type of a new column, or
 * the new type of a column, and the functions of a DEFAULT.
 */
export function usedNames(statement: LintStatement): Pick<UsedName, "kind" | "name">[] {
  return alterCommands(statement).commands.flatMap((command) => [
    ...typesIn(command, statement.schema),
    ...functionsOfDefault(command, statement.schema),
  ]);
}

/** The column of an existing table whose type a statement changes. */
export function retypedColumns(statement: LintStatement): { table: string; column: string }[] {
  const { table, commands } = alterCommands(statement);
  return commands.flatMap(({ subtype, name = "" }) =>
    subtype === "AT_AlterColumnType" ? [{ table, column: name }] : [],
  );
}

/** True for a type that may be a domain of the database. */
export function mayBeDomain(type: string, { domains, enums }: Schema): boolean {
  return !isBuiltIn(type) && !domains.has(type) && !enums.has(type);
}

function typesIn({ subtype, def }: AlterTableCmd, schema: Schema) {
  if (subtype !== "AT_AddColumn" && subtype !== "AT_AlterColumnType") return [];
  if (def === undefined || !("ColumnDef" in def)) return [];
  const { name } = columnType(def.ColumnDef.typeName);
  return mayBeDomain(name, schema) ? [{ kind: "domain", name } as const] : [];
}

function functionsOfDefault({ subtype, def }: AlterTableCmd, schema: Schema) {
  if (subtype !== "AT_AddColumn" || def === undefined || !("ColumnDef" in def)) return [];
  const defaults = (def.ColumnDef.constraints ?? []).filter(
    (each) => "Constraint" in each && isDefault(each.Constraint),
  );
  if (!isVolatile(defaults, schema.stableFunctions)) return [];
  const own = functionsIn(defaults).filter(
    (name) => !fixed.has(name) && !schema.functions.has(name),
  );
  return own.map((name) => ({ kind: "function", name }) as const);
}
