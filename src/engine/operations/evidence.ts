import type { StatusRow } from "../../protocol/status-rows.ts";
import type { Version } from "../../protocol/migration.ts";
import { rememberLast } from "../../remember-last.ts";
import { isPostgres } from "../hasura/source-kinds.ts";
import { mapConcurrent } from "../project/map-concurrent.ts";
import type { DatabaseState } from "../session.ts";
import { createdObjects, objectLabel, type CreatedObject } from "../sql/created-objects.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/quote.ts";

type Evidence = NonNullable<StatusRow["evidence"]>;

/** Versions that only a person can tell to be applied or not, in no particular order. */
export function versionsInDoubt({ recorded }: Pick<DatabaseState, "recorded">): readonly Version[] {
  return inDoubt(recorded);
}

const inDoubt = rememberLast((recorded: DatabaseState["recorded"]) =>
  [...recorded]
    .filter(([, { state }]) => state === "dirty" || state === "interrupted")
    .map(([version]) => version),
);

/**
 * For each of the versions whether what its up file creates is in the database: one query. It helps a person decide, but
 * proves nothing, so any error is ignored: there is then no evidence.
 */
export async function evidenceFor(
  state: DatabaseState,
  versions: readonly Version[],
): Promise<ReadonlyMap<Version, Evidence>> {
  const { migrations, store, database } = state;
  if (versions.length === 0 || !store.query || !isPostgres(database.kind)) return new Map();
  try {
    const wanted = new Set(versions);
    const objects = await mapConcurrent(
      migrations.filter(({ version }) => wanted.has(version)),
      async ({ version, up }) =>
        createdObjects((await up?.body())?.sql ?? "").map((object) => ({ version, object })),
    );
    return await lookedUp(objects.flat(), (sql) => state.store.query?.(sql));
  } catch {
    return new Map();
  }
}

async function lookedUp(
  objects: readonly { readonly version: Version; readonly object: CreatedObject }[],
  query: (sql: string) => ReturnType<NonNullable<DatabaseState["store"]["query"]>> | undefined,
): Promise<ReadonlyMap<Version, Evidence>> {
  const evidence = new Map<Version, Evidence>();
  if (objects.length === 0) return evidence;
  const result = await query(existenceSql(objects.map(({ object }) => object)));
  const existing = new Map(result?.rows.map(([index, exists]) => [index, exists === "t"]));
  for (const [i, { version, object }] of objects.entries()) {
    const exists = existing.get(String(i));
    if (exists === undefined) continue;
    const rows = evidence.get(version) ?? [];
    rows.push({ object: objectLabel(object), exists });
    evidence.set(version, rows);
  }
  return evidence;
}

/** Rows of index and `t` or `f`. Names without a schema are searched as the migration itself would search them. */
function existenceSql(objects: readonly CreatedObject[]): string {
  const values = objects.map(({ schema, name, column }, i) => {
    const path = [schema, name].filter((part) => part !== undefined).map(quoteIdentifier);
    const columnName = column === undefined ? "NULL" : quoteLiteral(column);
    return `(${i}, ${quoteLiteral(path.join("."))}, ${columnName}::pg_catalog.name)`;
  });
  return `SELECT o.i, CASE WHEN o.col IS NULL THEN pg_catalog.to_regclass(o.rel) IS NOT NULL ELSE EXISTS (
  SELECT FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(o.rel)::pg_catalog.oid
    AND a.attname OPERATOR(pg_catalog.=) o.col AND NOT a.attisdropped) END
FROM (VALUES ${values.join(", ")}) AS o (i, rel, col)`;
}
