import pg from "pg";
import { Failure } from "../../protocol/failure.ts";
import { metadataTables, sourceTables } from "./catalog-tables.ts";

/** The comment that tells our `hdb_catalog` from a real server's. Only the beginning counts. */
const mark = "Made by hasura-migrate local";
const comment = `${mark}, not by a Hasura server.`;

/**
 * Makes the tables of `hdb_catalog` that are missing, in one transaction, under a lock.
 * Throws a Failure (usage, `foreign-hdb-catalog`), having changed nothing, when the schema is somebody else's:
 * writing into a real Hasura's catalog would damage it. Failure (unreachable, `database-unreachable`) when it cannot connect.
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
        `create schema hdb_catalog; comment on schema hdb_catalog is '${comment}'`,
      );
    if (parts.metadata) await client.query(metadataTables);
    if (parts.source) await client.query(sourceTables);
    await client.query("commit");
  });
}

/** Drops `hdb_catalog` where this made it: state, metadata, events. Nothing else, and never a real server's. */
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
  return rows[0].comment?.startsWith(mark) === true ? "ours" : "other";
}

/** An address without its password. */
export function shown(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
  } catch {
    return "the given address";
  }
}

function foreign(url: string): Failure {
  return new Failure(
    "usage",
    "foreign-hdb-catalog",
    `${shown(url)} belongs to a real Hasura: it has an hdb_catalog that hasura-migrate local did not make.`,
    {
      hints: [
        "give an empty database: createdb scratch, then --database-url postgres://…/scratch",
        "leave --database-url out to use the embedded database",
      ],
    },
  );
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "hasura-migrate local",
    connectionTimeoutMillis: 10_000,
  });
  client.on("error", () => undefined); // the query in hand reports it
  try {
    await client.connect();
  } catch (thrown) {
    throw new Failure(
      "unreachable",
      "database-unreachable",
      `The database at ${shown(url)} cannot be reached.`,
      {
        hints: ["check --database-url, and that the server runs"],
        cause: thrown,
      },
    );
  }
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
