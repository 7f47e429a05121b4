import pg from "pg";
import { quoteIdentifier } from "../../engine/sql/quote.ts";
import { withClient } from "../hasura-api/with-client.ts";
import { prepareCatalog } from "../hasura-api/catalog-schema.ts";
import {
  migrationRole,
  migrationRolePassword,
  prepareExtensions,
  prepareRole,
  type RoleOptions,
} from "./migration-role.ts";

/** The databases of an environment: one for Hasura's metadata and one for each source. */
export interface Databases {
  readonly metadataUrl: string;
  readonly sources: readonly { readonly name: string; readonly url: string }[];
}

/** How the databases of the embedded server are prepared. */
export interface EmbeddedOptions extends RoleOptions {
  /** Drops every database first, and disconnects its clients. */
  readonly reset: boolean;
}

/**
 * One database for the metadata and one for each source, on the embedded server; created where they are missing. Their
 * addresses are those of the role that migrations run as.
 * @param serverUrl address with the superuser
 */
export async function embeddedDatabases(
  serverUrl: string,
  sources: readonly string[],
  options: EmbeddedOptions,
): Promise<Databases> {
  const nameOf = (source: string): string => `hasura_${source}`;
  const names = ["metadata", ...sources.map(nameOf)];
  const password = migrationRolePassword(new URL(serverUrl).password);
  await withClient(serverUrl, async (client) => {
    if (options.reset) await dropAll(client);
    await prepareRole(client, password, options);
    for (const name of names) await create(client, name, migrationRole);
  });
  for (const name of names)
    await withClient(databaseUrl(serverUrl, name), (client) => prepareExtensions(client, options));
  const roleUrl = new URL(serverUrl);
  roleUrl.username = migrationRole;
  roleUrl.password = password;
  return {
    metadataUrl: databaseUrl(roleUrl.href, "metadata"),
    sources: sources.map((name) => ({ name, url: databaseUrl(roleUrl.href, nameOf(name)) })),
  };
}

/**
 * Uses an existing database for the metadata and the source `default` (or the only one). Each further source gets a database
 * on the same server, `<database>_<source>`.
 * @throws Failure usage/foreign-hdb-catalog when the database belongs to a real Hasura; nothing has been created then
 */
export async function existingDatabases(
  url: string,
  sources: readonly string[],
): Promise<Databases> {
  const main = sources.includes("default") ? "default" : sources[0];
  const base = decodeURIComponent(new URL(url).pathname.slice(1)) || "postgres";
  const located = sources.map((name) =>
    name === main ? { name, url } : { name, url: databaseUrl(url, `${base}_${name}`) },
  );
  await prepareCatalog(url, { metadata: true, source: true });
  await withClient(url, async (client) => {
    for (const { name } of located) if (name !== main) await create(client, `${base}_${name}`);
  });
  return { metadataUrl: url, sources: located };
}

/** Drops every database of an embedded server except its own, including those of sources that the project no longer has. */
async function dropAll(client: pg.Client): Promise<void> {
  const found = await client.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'",
  );
  for (const { datname } of found.rows)
    await client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(datname)} WITH (FORCE)`);
}

/** duplicate_database, and unique_violation when another process creates it at the same time. */
const duplicateCodes = new Set(["42P04", "23505"]);

async function create(client: pg.Client, name: string, owner?: string): Promise<void> {
  const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  if (found.rows.length > 0) return;
  try {
    const owned = owner === undefined ? "" : ` OWNER ${quoteIdentifier(owner)}`;
    await client.query(`CREATE DATABASE ${quoteIdentifier(name)}${owned}`);
  } catch (thrown) {
    if (!(thrown instanceof pg.DatabaseError) || !duplicateCodes.has(thrown.code ?? ""))
      throw thrown;
  }
}

function databaseUrl(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}
