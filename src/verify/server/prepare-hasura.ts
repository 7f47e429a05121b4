import type pg from "pg";
import { sourceTables } from "../../local/hasura-api/catalog-tables.ts";

/** What Hasura has created in a database that it is connected to, which migrations may refer to. */
export async function prepareHasura(client: pg.Client): Promise<void> {
  await client.query(`CREATE SCHEMA hdb_catalog; ${sourceTables}`);
}
