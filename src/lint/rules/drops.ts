import { innerStatements } from "../do-blocks.ts";
import { objectName, qualified, relationName, rolesOf, stringsOf } from "../names.ts";
import { removalLabel, removalsIn, removedNames } from "../removals.ts";
import { namedTables, truncatedTables } from "../locks.ts";
import { isNewColumn, isNewRelation } from "../schema.ts";
import { alterCommands, type LintStatement, type Problem, type Rule } from "./rule.ts";

const dropData: Rule = {
  id: "drop-data",
  severity: "warning",
  title: "a table, a column or all rows are removed",
  why: "The data is lost when the transaction commits; a down.sql can restore only the structure. Clients and metadata that still use the table or column fail at once.",
  safeWay:
    "Stop using it first: deploy code and metadata without it, keep a copy if it may be needed, and remove it in a later migration.",
  example: {
    bad: "ALTER TABLE orders DROP COLUMN note;",
    good: "COMMENT ON COLUMN orders.note IS 'Not used since June; to be dropped.';",
  },
  check: (statement) =>
    [statement, ...innerStatements(statement)].flatMap((each) => [
      ...droppedObjects(each),
      ...droppedColumns(each),
      ...emptied(each),
    ]),
};

function droppedObjects({ node, schema }: LintStatement): Problem[] {
  if ("DropOwnedStmt" in node)
    return rolesOf(node.DropOwnedStmt).map((role) => ({
      message: `DROP OWNED removes every table of ${role} and its data.`,
    }));
  if (!("DropStmt" in node)) return [];
  const { removeType, objects = [] } = node.DropStmt;
  const kind =
    removeType === "OBJECT_TABLE" ? "table" : removeType === "OBJECT_SCHEMA" ? "schema" : undefined;
  if (kind === undefined) return [];
  return objects.flatMap((object) => {
    const name = objectName(object);
    if (isNewRelation(schema, name)) return [];
    const message = `DROP ${kind.toUpperCase()} removes ${name} and its data.`;
    return [{ message, ...(kind === "table" && { table: name }) }];
  });
}

function droppedColumns(statement: LintStatement): Problem[] {
  const { table, commands } = alterCommands(statement);
  return commands.flatMap(({ subtype, name = "" }) =>
    subtype === "AT_DropColumn" && !isNewColumn(statement.schema, table, name)
      ? [{ table, message: `DROP COLUMN removes ${table}.${name} and its data.` }]
      : [],
  );
}

function emptied({ node, schema }: LintStatement): Problem[] {
  if (!("TruncateStmt" in node)) return [];
  const named = namedTables(node.TruncateStmt);
  return truncatedTables(node.TruncateStmt, schema)
    .filter((table) => !isNewRelation(schema, table))
    .map((table) => ({
      table,
      message: named.includes(table)
        ? `TRUNCATE removes every row of ${table}.`
        : `TRUNCATE … CASCADE also removes every row of ${table}, because a foreign key of ${table} refers to a truncated table.`,
    }));
}

const dropCascade: Rule = {
  id: "drop-cascade",
  severity: "warning",
  title: "CASCADE drops what depends on it",
  why: "Views, foreign keys, columns and functions that depend on the object are dropped with it, without being listed anywhere. They may differ between environments.",
  safeWay:
    "Omit CASCADE, and drop the objects that PostgreSQL then lists, each with its own statement.",
  example: {
    bad: "DROP VIEW open_orders CASCADE;",
    good: "DROP VIEW open_orders_by_country;\nDROP VIEW open_orders;\nCREATE VIEW open_orders AS SELECT 1 AS id;\nCREATE VIEW open_orders_by_country AS SELECT 1 AS id;",
  },
  check: (statement) => [statement, ...innerStatements(statement)].flatMap(cascades),
};

function cascades(statement: LintStatement): Problem[] {
  const { node, schema } = statement;
  if ("DropStmt" in node) {
    const { behavior, objects = [] } = node.DropStmt;
    if (behavior !== "DROP_CASCADE") return [];
    return objects
      .map(objectName)
      .filter((name) => !isNewRelation(schema, name))
      .map((name) => ({ message: `CASCADE also drops everything that depends on ${name}.` }));
  }
  const { table, commands } = alterCommands(statement);
  return commands
    .filter(
      ({ behavior, subtype = "" }) => behavior === "DROP_CASCADE" && subtype.startsWith("AT_Drop"),
    )
    .map(({ name = "" }) => ({
      table,
      message: `CASCADE also drops everything that depends on ${name} of ${table}.`,
    }));
}

const dropView: Rule = {
  id: "drop-view",
  severity: "warning",
  title: "a view or function is dropped and not recreated",
  why: "Queries and metadata that use it fail at once, and the metadata becomes inconsistent.",
  safeWay:
    "Remove it from the metadata and from clients first. To change it, create it again in the same migration.",
  example: {
    bad: "DROP VIEW open_orders;",
    good: "DROP VIEW open_orders;\nCREATE VIEW open_orders AS SELECT id FROM orders;",
  },
  check: ({ node, schema, later }) => {
    if (!("DropStmt" in node)) return [];
    const { removeType = "OBJECT_TYPE", objects = [] } = node.DropStmt;
    const kind = kinds[removeType];
    if (kind === undefined) return [];
    const createdLater = new Set(later().flatMap(createdNames));
    return objects
      .map(objectName)
      .filter(
        (name) =>
          !createdLater.has(name) &&
          !isNewRelation(schema, name) &&
          // Only triggers can use it, and PostgreSQL does not drop it while a trigger does.
          !schema.triggerFunctions.has(name),
      )
      .map((name) => ({
        message: `The ${kind} ${name} is dropped; everything that uses it fails.`,
      }));
  },
};

const kinds: Readonly<Record<string, string>> = {
  OBJECT_VIEW: "view",
  OBJECT_MATVIEW: "materialized view",
  OBJECT_FUNCTION: "function",
  OBJECT_ROUTINE: "function",
};

/** Views, materialized views, tables and functions that a statement creates or renames something to. */
function createdNames(node: LintStatement["node"]): string[] {
  if ("ViewStmt" in node) return node.ViewStmt.view ? [relationName(node.ViewStmt.view)] : [];
  if ("CreateTableAsStmt" in node) {
    const { into } = node.CreateTableAsStmt;
    return into?.rel ? [relationName(into.rel)] : [];
  }
  if ("CreateStmt" in node)
    return node.CreateStmt.relation ? [relationName(node.CreateStmt.relation)] : [];
  if ("CreateFunctionStmt" in node) return [qualified(stringsOf(node.CreateFunctionStmt.funcname))];
  return "RenameStmt" in node ? [node.RenameStmt.newname ?? ""] : [];
}

const rename: Rule = {
  id: "rename",
  severity: "warning",
  title: "a table, column, view, function or enum value is renamed or moved",
  why: "Clients that use the old name fail at once, and Hasura's metadata becomes inconsistent, because it still has the old name.",
  safeWay:
    "Keep the name and set a custom name in the metadata, or add the new object next to the old one and drop the old one later.",
  example: {
    bad: "ALTER TABLE orders RENAME COLUMN note TO remark;",
    good: "ALTER TABLE orders ADD COLUMN remark text;",
  },
  check: ({ node, schema }) => {
    if ("AlterEnumStmt" in node && node.AlterEnumStmt.oldVal !== undefined) {
      const { oldVal, newVal = "", typeName } = node.AlterEnumStmt;
      if (schema.enums.get(qualified(stringsOf(typeName))) === schema.run) return [];
      return [{ message: `Clients that use the value ${oldVal} fail: it becomes ${newVal}.` }];
    }
    if ("AlterObjectSchemaStmt" in node) {
      const { relation, newschema = "" } = node.AlterObjectSchemaStmt;
      if (!relation || isNewRelation(schema, relationName(relation))) return [];
      const table = relationName(relation);
      return [
        {
          table,
          message: `Moving ${table} to the schema ${newschema} breaks everything that uses its old name.`,
        },
      ];
    }
    return "RenameStmt" in node ? renamed(node.RenameStmt, schema) : [];
  },
};

function renamed(
  statement: Extract<LintStatement["node"], { RenameStmt: unknown }>["RenameStmt"],
  schema: LintStatement["schema"],
): Problem[] {
  const { renameType = "OBJECT_TYPE", relation, object } = statement;
  const { subname = "", newname = "" } = statement;
  const name = relation === undefined ? objectName(object) : relationName(relation);
  if (isNewRelation(schema, name)) return [];
  const breaking = (old: string): Problem => ({
    message: `Renaming ${old} to ${newname} breaks everything that uses its old name.`,
    ...(relation !== undefined && { table: name }),
  });
  if (renameType === "OBJECT_COLUMN")
    return isNewColumn(schema, name, subname) ? [] : [breaking(`${name}.${subname}`)];
  return visible.has(renameType) ? [breaking(name === "" ? subname : name)] : [];
}

/** The kinds of objects that clients and metadata refer to. */
const visible = new Set<string>([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_FUNCTION",
  "OBJECT_ROUTINE",
  "OBJECT_SCHEMA",
]);

const usedByMetadata: Rule = {
  id: "used-by-metadata",
  severity: "warning",
  title: "the metadata uses something that is dropped or renamed",
  why: "After the migration, the metadata refers to a table, column or function that no longer exists. Hasura reports it as inconsistent, and the objects that use the name are missing from the API. Names that a later migration creates again are not reported.",
  safeWay:
    "In the same commit, change the metadata at the places that are listed, and apply it together with the migration.",
  example: { bad: "", good: "" },
  check: ({ node, schema }) =>
    removalsIn(node)
      .flatMap((removal) => removedNames(removal, schema))
      .map((removal) => ({
        message: `The metadata uses ${removalLabel(removal)}, which no longer exists.`,
        ...(removal.kind !== "function" && { table: removal.name }),
        removal,
      })),
};

export const dropRules: readonly Rule[] = [dropData, dropCascade, dropView, rename, usedByMetadata];
