import { statementsOf } from "./statements.ts";
import { Words } from "./words.ts";

/** Something that a file creates. Names are as PostgreSQL stores them: folded to lower case unless they were quoted. */
export interface CreatedObject {
  readonly kind: "table" | "view" | "sequence" | "index" | "column";
  /** Of the relation, or of the table that has the column. */
  readonly schema?: string;
  readonly name: string;
  /** For `column`. */
  readonly column?: string;
}

/**
 * The relations and columns that SQL creates: CREATE TABLE, VIEW, SEQUENCE and INDEX, ALTER TABLE … ADD COLUMN. What stands
 * inside quotes (a function body, DO) is not looked into, temporary tables and indexes without a name are left out, and so is
 * what the same SQL drops or renames afterwards. Never throws.
 */
export function createdObjects(sql: string): CreatedObject[] {
  const found = new Map<string, CreatedObject>();
  for (const { tokens } of statementsOf(sql)) {
    const words = new Words(tokens);
    if (words.skip("CREATE")) for (const object of created(words)) found.set(keyOf(object), object);
    else if (words.skip("ALTER")) altered(words, found);
    else if (words.skip("DROP")) dropped(words, found);
  }
  return [...found.values()];
}

/** `table users`, `column app.users.email`. */
export function objectLabel({ kind, schema, name, column }: CreatedObject): string {
  const path = [schema, name, column].filter((part) => part !== undefined);
  return `${kind} ${path.join(".")}`;
}

function keyOf({ schema = "", name, column = "" }: CreatedObject): string {
  return JSON.stringify([schema, name, column]);
}

function created(words: Words): CreatedObject[] {
  words.skip("OR", "REPLACE");
  if (words.skip("UNIQUE")) return words.skip("INDEX") ? createdIndex(words) : [];
  if (words.skip("INDEX")) return createdIndex(words);
  // A temporary table disappears with its session.
  if (words.skip("GLOBAL") || words.skip("LOCAL") || words.skipAny("TEMP", "TEMPORARY")) return [];
  words.skipAny("UNLOGGED", "FOREIGN", "RECURSIVE", "MATERIALIZED");
  const kind = words.skip("TABLE")
    ? "table"
    : words.skip("VIEW")
      ? "view"
      : words.skip("SEQUENCE")
        ? "sequence"
        : undefined;
  if (kind === undefined) return [];
  words.skip("IF", "NOT", "EXISTS");
  const path = words.path();
  return path ? [{ kind, ...path }] : [];
}

/** An index is in the schema of its table. */
function createdIndex(words: Words): CreatedObject[] {
  words.skip("CONCURRENTLY");
  words.skip("IF", "NOT", "EXISTS");
  if (words.skip("ON")) return [];
  const name = words.identifier();
  if (name === undefined || !words.skip("ON")) return [];
  words.skip("ONLY");
  const table = words.path();
  if (!table) return [];
  return [{ kind: "index", name, ...(table.schema !== undefined && { schema: table.schema }) }];
}

/** Words after `ADD` if it does not add a column. */
const otherAdditions = [
  "CONSTRAINT",
  "PRIMARY",
  "UNIQUE",
  "CHECK",
  "FOREIGN",
  "EXCLUDE",
  "GENERATED",
];

function altered(words: Words, found: Map<string, CreatedObject>): void {
  if (!words.skip("TABLE")) return;
  words.skip("IF", "EXISTS");
  words.skip("ONLY");
  const table = words.path();
  if (!table) return;
  words.symbol("*");
  do alteredBy(words, table, found);
  while (words.nextItem());
}

function alteredBy(
  words: Words,
  table: { readonly schema?: string; readonly name: string },
  found: Map<string, CreatedObject>,
): void {
  const column = (name: string): CreatedObject => ({ kind: "column", ...table, column: name });
  if (words.skip("ADD")) {
    if (!words.skip("COLUMN") && words.skipAny(...otherAdditions)) return;
    words.skip("IF", "NOT", "EXISTS");
    const name = words.identifier();
    if (name !== undefined) found.set(keyOf(column(name)), column(name));
  } else if (words.skip("DROP")) {
    words.skip("COLUMN");
    words.skip("IF", "EXISTS");
    const name = words.identifier();
    if (name !== undefined) found.delete(keyOf(column(name)));
  } else if (words.skip("RENAME")) {
    if (words.skip("TO")) forget(table, found);
    words.skip("COLUMN");
    const name = words.identifier();
    if (name !== undefined) found.delete(keyOf(column(name)));
  } else if (words.skip("SET", "SCHEMA")) forget(table, found);
}

function dropped(words: Words, found: Map<string, CreatedObject>): void {
  words.skipAny("FOREIGN", "MATERIALIZED");
  if (!words.skipAny("TABLE", "VIEW", "SEQUENCE", "INDEX")) return;
  words.skip("CONCURRENTLY");
  words.skip("IF", "EXISTS");
  do {
    const path = words.path();
    if (path) forget(path, found);
  } while (words.nextItem());
}

/** Removes a relation with its columns. */
function forget(
  { schema, name }: { readonly schema?: string; readonly name: string },
  found: Map<string, CreatedObject>,
): void {
  for (const [key, object] of found)
    if (object.name === name && object.schema === schema) found.delete(key);
}
