import { quoteIdentifier } from "../../engine/sql/quote.ts";
import { withClient } from "../../local/hasura-api/with-client.ts";

/** The extensions that can be installed on a server. */
export async function availableExtensions(url: string): Promise<ReadonlySet<string>> {
  return new Set(await namesOf(url, "SELECT name FROM pg_available_extensions"));
}

/** The roles of a server that initdb did not create. */
export function rolesOf(url: string): Promise<readonly string[]> {
  return namesOf(url, "SELECT rolname AS name FROM pg_roles WHERE oid >= 16384");
}

/** Drops roles that no longer own anything. */
export async function dropRoles(url: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await withClient(url, async (client) => {
    for (const name of names) await client.query(`DROP ROLE IF EXISTS ${quoteIdentifier(name)}`);
  });
}

async function namesOf(url: string, sql: string): Promise<string[]> {
  let names: string[] = [];
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(sql);
    names = rows.map(({ name }) => name);
  });
  return names;
}
