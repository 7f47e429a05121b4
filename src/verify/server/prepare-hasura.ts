import type pg from "pg";
import { extensionOfNewDatabase, sourceTables } from "../../local/hasura-api/catalog-tables.ts";

/** Creates what Hasura creates in a connected database, because migrations may refer to it. */
export async function prepareHasura(client: pg.Client): Promise<void> {
  await client.query(`CREATE SCHEMA hdb_catalog; ${extensionOfNewDatabase} ${sourceTables}`);
}
