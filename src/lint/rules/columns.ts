import type { AlterTableCmd } from "@pgsql/types";
import {
  lacksValue,
  notNullIsKnown,
  readsForType,
  rewriteReason,
  typeChangeOf,
} from "../alter-locks.ts";
import { columnType, typeLabel, type TypeChange } from "../column-types.ts";
import {
  addedColumns,
  alterCommands,
  rowCommands,
  type LintStatement,
  type Problem,
  type Rule,
} from "./rule.ts";

const columnRewrite: Rule = {
  id: "column-rewrite",
  severity: "error",
  title: "a new column rewrites the table",
  why: "PostgreSQL rewrites every row and every index, and blocks reads and writes of the table until the transaction ends. This happens for defaults that may differ from row to row (`gen_random_uuid()`, `clock_timestamp()`, `nextval`), for serial and identity columns, for stored generated columns, and for domains with a constraint. Constants and `now()` cost nothing.",
  safeWay:
    "Add a plain column without a default, fill it in batches, then set the default in a later migration; instead of a stored generated column, use a trigger.",
  example: {
    bad: "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    good: "ALTER TABLE orders ADD COLUMN token uuid;\nALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();",
  },
  check: (statement) =>
    addedColumns(rowCommands(statement)).flatMap(({ table, column }) => {
      const reason = rewriteReason(column, statement.schema);
      if (reason === undefined) return [];
      const name = column.colname ?? "";
      return [
        {
          table,
          location: column.location,
          message: `Adding ${name} rewrites ${table} and its indexes, and blocks reads and writes while it runs: ${reason}.`,
        },
      ];
    }),
};

const notNullWithoutDefault: Rule = {
  id: "not-null-without-default",
  severity: "error",
  title: "a new column is NOT NULL and has no default",
  why: "The migration fails if the table has any rows, because the new column would be null in them.",
  safeWay:
    "Give it a constant default, or add it without NOT NULL, fill it, and set NOT NULL in a later migration.",
  example: {
    bad: "ALTER TABLE orders ADD COLUMN channel text NOT NULL;",
    good: "ALTER TABLE orders ADD COLUMN channel text NOT NULL DEFAULT 'web';",
  },
  check: (statement) =>
    addedColumns(alterCommands(statement)).flatMap(({ table, column }) => {
      const hasNoRows = statement.earlier.emptied.get(table) === "no-rows";
      if (hasNoRows || !lacksValue(column, statement.schema)) return [];
      const message = `Adding ${column.colname ?? ""} fails if ${table} has rows: it is NOT NULL without a default.`;
      return [{ table, location: column.location, message }];
    }),
};

const example = {
  bad: "ALTER TABLE orders ALTER COLUMN amount TYPE bigint;",
  good: "ALTER TABLE orders ADD COLUMN amount_cents bigint;",
};
const newColumn =
  "Add a column of the new type, write both, fill the old rows in batches, then switch over and drop the old column.";

const typeRewrite: Rule = {
  id: "type-rewrite",
  severity: "error",
  title: "a change of a column's type rewrites the table",
  why: "PostgreSQL converts every row, rebuilds every index, and blocks reads and writes of the table until the transaction ends. A longer or unlimited `varchar`, `varchar` to `text`, a larger precision of `numeric` with the same scale, and a larger precision of times do not rewrite the rows.",
  safeWay: newColumn,
  example,
  check: (statement) => typeProblems(statement, "rewritten"),
};

const typeMayRewrite: Rule = {
  id: "type-may-rewrite",
  severity: "warning",
  title: "a change of a column's type may rewrite the table",
  why: "If the rows have to be converted, reads and writes are blocked meanwhile. Whether they have to be depends on something that the project does not show: the column's previous type (a change from `varchar` to `text` does not rewrite the rows), or the session's time zone (a change between `timestamp` and `timestamptz` does not rewrite them only if it is UTC).",
  safeWay: `Check the column's current type, or the time zone (SHOW timezone). If the rows have to be converted: ${newColumn.charAt(0).toLowerCase()}${newColumn.slice(1)}`,
  example: {
    bad: "ALTER TABLE legacy_orders ALTER COLUMN note TYPE text;",
    good: "ALTER TABLE legacy_orders ADD COLUMN long_note text;",
  },
  check: (statement) => typeProblems(statement, "unknown", "by-time-zone"),
};

const typeReadsTable: Rule = {
  id: "type-reads-table",
  severity: "warning",
  title: "a change of a column's type reads the whole table",
  why: "The rows are not rewritten, but PostgreSQL checks the column's CHECK constraints again for every row, and rebuilds the column's indexes if they have an expression or a WHERE clause, or if the new type has different comparison rules, as `citext` has. Reads and writes of the table are blocked meanwhile.",
  safeWay: `If the table is large: ${newColumn.charAt(0).toLowerCase()}${newColumn.slice(1)}`,
  example: {
    bad: "CREATE INDEX orders_note ON orders (note);\nALTER TABLE orders ALTER COLUMN note TYPE citext;",
    good: "ALTER TABLE orders ALTER COLUMN note TYPE text;",
  },
  check: (statement) =>
    typeProblems(statement, "kept", "reindexed").filter(({ table = "", column }) =>
      readsForType(column.change, statement.schema, table, column.name),
    ),
};

function typeProblems(
  statement: LintStatement,
  ...wanted: readonly TypeChange[]
): (Problem & { readonly column: { readonly name: string; readonly change: TypeChange } })[] {
  const { table, commands } = rowCommands(statement);
  return commands.flatMap((command) => {
    if (command.subtype !== "AT_AlterColumnType") return [];
    const change = typeChangeOf(command, table, statement.schema);
    if (!wanted.includes(change)) return [];
    const { name = "" } = command;
    const { from, to } = typesOf(command, table, statement);
    const message = `Changing ${name}${from} to ${to} ${consequences[change](table)}.`;
    return [{ table, message, location: locationOf(command), column: { name, change } }];
  });
}

const consequences: Readonly<Record<TypeChange, (table: string) => string>> = {
  kept: (table) =>
    `checks constraints or builds indexes of ${table} again, and blocks reads and writes while it runs`,
  reindexed: (table) =>
    `builds indexes of ${table} again, and blocks reads and writes while it runs`,
  "by-time-zone": (table) =>
    `rewrites ${table} and blocks reads and writes while it runs, unless the session's time zone is UTC`,
  rewritten: (table) =>
    `rewrites ${table} and its indexes, and blocks reads and writes while it runs`,
  unknown: (table) => `may rewrite ${table} and block reads and writes while it runs`,
};

function typesOf(
  { name = "", def }: AlterTableCmd,
  table: string,
  { schema }: LintStatement,
): { from: string; to: string } {
  const from = schema.tables.get(table)?.columns.get(name)?.type;
  const to =
    def !== undefined && "ColumnDef" in def ? columnType(def.ColumnDef.typeName) : undefined;
  return {
    from: from === undefined ? "" : ` from ${typeLabel(from)}`,
    to: to === undefined ? "another type" : typeLabel(to),
  };
}

function locationOf({ def }: AlterTableCmd): number | undefined {
  return def !== undefined && "ColumnDef" in def ? def.ColumnDef.location : undefined;
}

const setNotNull: Rule = {
  id: "set-not-null",
  severity: "warning",
  title: "SET NOT NULL reads the whole table",
  why: "PostgreSQL checks every row for null and blocks reads and writes of the table while it does so. It skips this check if a valid CHECK constraint already ensures that the column is not null.",
  safeWay:
    "ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in the next migration, then SET NOT NULL and drop the constraint.",
  example: {
    bad: "ALTER TABLE orders ALTER COLUMN channel SET NOT NULL;",
    good: "ALTER TABLE orders ADD CONSTRAINT channel_set CHECK (channel IS NOT NULL) NOT VALID;",
  },
  check: (statement) => {
    const { table, commands } = rowCommands(statement);
    return commands.flatMap(({ subtype, name = "", def }) => {
      const column =
        subtype === "AT_SetNotNull"
          ? name
          : subtype === "AT_AddConstraint"
            ? checkedNotNull(def)
            : undefined;
      if (column === undefined || notNullIsKnown(statement.schema, table, column)) return [];
      const message = `SET NOT NULL on ${column} reads all of ${table}, and blocks reads and writes while it runs.`;
      return [{ table, message }];
    });
  },
};

/** PostgreSQL 18: ADD CONSTRAINT … NOT NULL column. */
function checkedNotNull(def: AlterTableCmd["def"]): string | undefined {
  if (def === undefined || !("Constraint" in def)) return undefined;
  const { contype, keys, skip_validation: skips } = def.Constraint;
  if (contype !== "CONSTR_NOTNULL" || skips === true) return undefined;
  const [key] = keys ?? [];
  return key !== undefined && "String" in key ? key.String.sval : undefined;
}

export const columnRules: readonly Rule[] = [
  columnRewrite,
  notNullWithoutDefault,
  typeRewrite,
  typeMayRewrite,
  typeReadsTable,
  setNotNull,
];
