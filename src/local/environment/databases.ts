import pg from "pg";
import { quoteIdentifier } from "../../engine/sql/quote.ts";
import { Failure } from "../../protocol/failure.ts";
import { prepareCatalog } from "../hasura-api/catalog-schema.ts";

/** Where Hasura's metadata and each source live. */
export interface Databases {
  readonly metadataUrl: string;
  readonly sources: readonly { readonly name: string; readonly url: string }[];
}

/**
 * One database for the metadata and one for each source, on a server that is ours alone; made where they are missing.
 * @param serverUrl the server's superuser
 * @param reset drops them first, and whoever is connected to them is disconnected
 */
export async function embeddedDatabases(
  serverUrl: string,
  sources: readonly string[],
  reset: boolean,
): Promise<Databases> {
  const nameOf = (source: string): string => `hasura_${source}`;
  const names = ["metadata", ...sources.map(nameOf)];
  await withClient(serverUrl, async (client) => {
    if (reset) await dropOurs(client);
    for (const name of names) await create(client, name);
  });
  return {
    metadataUrl: databaseUrl(serverUrl, "metadata"),
    sources: sources.map((name) => ({ name, url: databaseUrl(serverUrl, nameOf(name)) })),
  };
}

/**
 * A database of the person's own: it holds the metadata and the source `default` (or the only one); each further source
 * has a database beside it, `<database>_<source>`.
 */
export async function givenDatabases(url: string, sources: readonly string[]): Promise<Databases> {
  const main = sources.includes("default") ? "default" : sources[0];
  const base = decodeURIComponent(new URL(url).pathname.slice(1)) || "postgres";
  const placed = sources.map((name) =>
    name === main ? { name, url } : { name, url: databaseUrl(url, `${base}_${name}`) },
  );
  await prepareCatalog(url, { metadata: true, source: true }); // refuses a real Hasura's, before anything is created beside it
  await withClient(url, async (client) => {
    for (const { name } of placed) if (name !== main) await create(client, `${base}_${name}`);
  });
  return { metadataUrl: url, sources: placed };
}

/** Every database of an embedded server but those it came with: also of sources that the project no longer has. */
async function dropOurs(client: pg.Client): Promise<void> {
  const found = await client.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'",
  );
  for (const { datname } of found.rows)
    await client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(datname)} WITH (FORCE)`);
}

const duplicate = new Set(["42P04", "23505"]); // the second: another run creates it at this moment

async function create(client: pg.Client, name: string): Promise<void> {
  const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  if (found.rows.length > 0) return;
  try {
    await client.query(`CREATE DATABASE ${quoteIdentifier(name)}`);
  } catch (thrown) {
    if (!(thrown instanceof pg.DatabaseError) || !duplicate.has(thrown.code ?? "")) throw thrown;
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  try {
    await client.connect();
  } catch (cause) {
    const { host } = new URL(url);
    throw new Failure(
      "unreachable",
      "database-unreachable",
      `The database at ${host} could not be reached.`,
      {
        cause,
        hints: ["check --database-url"],
      },
    );
  }
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function databaseUrl(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}
