import type { SqlResult } from "../hasura/client.ts";
import type { ConcurrentIndex } from "../sql/concurrent-indexes.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/quote.ts";
import type { RelationPath } from "../sql/words.ts";

/** An index marked as invalid in pg_index. */
export interface InvalidIndex {
  /** Quoted, with its schema. */
  readonly name: string;
  /** Another session may be about to make it valid. */
  readonly isInUse: boolean;
}

/** The state of the indexes that statements work on. */
export interface IndexState {
  readonly invalid: readonly InvalidIndex[];
  /** Indexes with unknown state: their table was not found in this connection's search_path. */
  readonly unknown: readonly ConcurrentIndex[];
}

/** Looks the indexes up: one query. Undefined where `query` has no answer; throws what it throws. */
export async function lookUpIndexes(
  indexes: readonly ConcurrentIndex[],
  query: (sql: string) => Promise<SqlResult | undefined>,
): Promise<IndexState | undefined> {
  const result = await query(indexes.map(stateSql).join("\nUNION ALL\n"));
  if (!result) return undefined;
  const { rows } = result;
  const invalid = new Map<string, InvalidIndex>();
  const known = new Set<string>();
  for (const [number, isKnown, schema, index, isInUse] of rows) {
    if (typeof number === "string" && isKnown === "t") known.add(number);
    if (typeof schema !== "string" || typeof index !== "string") continue;
    const name = `${quoteIdentifier(schema)}.${quoteIdentifier(index)}`;
    invalid.set(name, { name, isInUse: isInUse === "t" });
  }
  return {
    invalid: [...invalid.values()],
    unknown: indexes.filter((_index, i) => !known.has(String(i))),
  };
}

/** `DROP INDEX CONCURRENTLY …;` for one that `lookUpIndexes` has found. */
export function dropSql({ name }: InvalidIndex): string {
  return `DROP INDEX CONCURRENTLY ${name};`;
}

/** What may be left over, judging by the statement alone. */
export function mayBeLeft(index: ConcurrentIndex): string {
  if (index.how === "reindex")
    return 'An invalid index whose name ends in "_ccnew" or "_ccold" may be left over: drop it with DROP INDEX CONCURRENTLY.';
  const path = index.how === "drop" ? index.index : indexPath(index);
  return path === undefined
    ? "An invalid index with a generated name may be left over."
    : `An invalid index may be left over: DROP INDEX CONCURRENTLY IF EXISTS ${pathText(path)};`;
}

function indexPath({
  table,
  name,
}: Extract<ConcurrentIndex, { how: "create" }>): RelationPath | undefined {
  return name === undefined ? undefined : { ...table, name };
}

function pathText({ schema, name }: RelationPath): string {
  return [schema, name]
    .filter((part) => part !== undefined)
    .map(quoteIdentifier)
    .join(".");
}

const equals = "OPERATOR(pg_catalog.=)";
/** For the indexes that REINDEX CONCURRENTLY builds next to the old ones, and leaves behind when it fails. */
const isTransient = "c.relname::pg_catalog.text OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$'";

/**
 * Rows of number, whether its relation was found, and the schema and name of an invalid index and whether somebody works on its
 * table as an index build does. An index of a partitioned table is invalid until every partition has one, and no leftover.
 */
function stateSql(index: ConcurrentIndex, number: number): string {
  return `SELECT ${number}, ${isKnownSql(index)}, f.nspname, f.relname, f.used
FROM (SELECT 1) AS one LEFT JOIN LATERAL (
  SELECT n.nspname, c.relname, EXISTS (
    SELECT FROM pg_catalog.pg_locks AS l
    JOIN pg_catalog.pg_database AS d ON d.oid ${equals} l.database
    WHERE l.relation ${equals} i.indrelid AND l.granted
      AND l.mode ${equals} 'ShareUpdateExclusiveLock'
      AND d.datname ${equals} pg_catalog.current_database()) AS used
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid ${equals} i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid ${equals} c.relnamespace
  WHERE NOT i.indisvalid AND c.relkind ${equals} 'i' AND ${isMeantSql(index)}) AS f ON true`;
}

function isMeantSql(index: ConcurrentIndex): string {
  if (index.how === "create") {
    const named =
      index.name === undefined
        ? ""
        : ` AND c.relname::pg_catalog.text ${equals} ${quoteLiteral(index.name)}`;
    return `i.indrelid ${equals} ${oidSql(index.table)}${named}`;
  }
  if (index.how === "drop") return `i.indexrelid ${equals} ${oidSql(index.index)}`;
  switch (index.of) {
    case "index":
      return `i.indrelid ${equals} (SELECT o.indrelid FROM pg_catalog.pg_index AS o WHERE o.indexrelid ${equals} ${oidSql(index.path)}) AND ${isTransient}`;
    case "table":
      return `i.indrelid ${equals} ${oidSql(index.path)} AND ${isTransient}`;
    case "schema":
      return `n.nspname::pg_catalog.text ${equals} ${quoteLiteral(index.name)} AND ${isTransient}`;
    case "database":
      return isTransient;
  }
}

/** A table without a schema may be in one that only the file's search_path has. */
function isKnownSql(index: ConcurrentIndex): string {
  const path =
    index.how === "create" ? index.table : "path" in index ? index.path : { schema: "", name: "" };
  return path.schema === undefined ? `${oidSql(path)} IS NOT NULL` : "true";
}

function oidSql(path: RelationPath): string {
  return `pg_catalog.to_regclass(${quoteLiteral(pathText(path))})::pg_catalog.oid`;
}
