import type pg from "pg";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, retryHint } from "../../protocol/hint.ts";
import { withClient, withoutSecrets } from "./with-client.ts";
import { extensionOfNewDatabase, metadataTables, sourceTables } from "./catalog-tables.ts";

/** How the comment on an `hdb_catalog` begins that this program created; a real server's has none. */
const marker = "Made by hasura-migrate local";
const comment = `${marker}, not by a Hasura server.`;

/**
 * Creates the missing tables of `hdb_catalog`, in one transaction, under a lock.
 * @throws Failure usage/foreign-hdb-catalog, having changed nothing, when a real Hasura created the schema (writing into its
 *   catalog would damage it); unreachable/database-unreachable
 */
export async function prepareCatalog(
  url: string,
  parts: { metadata: boolean; source: boolean },
): Promise<void> {
  await withClient(url, async (client) => {
    await client.query("begin");
    await client.query("set local client_min_messages to warning");
    await client.query(
      "select pg_advisory_xact_lock(hashtextextended('hasura-migrate local: hdb_catalog', 0))",
    );
    const owner = await catalogOwner(client);
    if (owner === "other") throw foreign(url);
    if (owner === "none")
      await client.query(
        `create schema hdb_catalog; comment on schema hdb_catalog is '${comment}'; ${extensionOfNewDatabase}`,
      );
    if (parts.metadata) await client.query(metadataTables);
    if (parts.source) await client.query(sourceTables);
    await client.query("commit");
  });
}

/** Creates what event triggers need in the database of a source, where it is missing. */
export const sourceCatalogSql = `DO $do$
BEGIN
  IF to_regprocedure('hdb_catalog.insert_event_log(text, text, text, text, json)') IS NULL THEN
    IF to_regnamespace('hdb_catalog') IS NULL THEN
      CREATE SCHEMA hdb_catalog;
      COMMENT ON SCHEMA hdb_catalog IS '${comment}';
    END IF;
    ${sourceTables}
  END IF;
END $do$;`;

/**
 * Drops `hdb_catalog` (state, metadata, events) when this program created it.
 * @throws Failure usage/foreign-hdb-catalog, unreachable/database-unreachable
 */
export async function resetCatalog(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const owner = await catalogOwner(client);
    if (owner === "other") throw foreign(url);
    if (owner === "ours") await client.query("drop schema hdb_catalog cascade");
  });
}

async function catalogOwner(client: pg.Client): Promise<"none" | "ours" | "other"> {
  const { rows } = await client.query<{ comment: string | null }>(
    "select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = 'hdb_catalog'",
  );
  if (rows[0] === undefined) return "none";
  return rows[0].comment?.startsWith(marker) === true ? "ours" : "other";
}

function foreign(url: string): Failure {
  return new Failure(
    "usage",
    "foreign-hdb-catalog",
    `${withoutSecrets(url)} belongs to a real Hasura: hasura-migrate local did not create its hdb_catalog.`,
    {
      hints: [
        commandHint(["createdb", "scratch"], "create an empty database"),
        retryHint({
          with: ["--database-url", "postgres://…/scratch"],
          without: ["--database-url"],
          reason: "and use it",
        }),
        retryHint({ without: ["--database-url"], reason: "or use the embedded database" }),
      ],
    },
  );
}
