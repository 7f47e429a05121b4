import pg from "pg";
import { schemaVersion } from "../../../src/engine/store/ledger/constants.ts";

/** What a database looks like and what was done in it, as PostgreSQL's catalog and the migrations' own traces say. */
export interface Facts {
  readonly schema: readonly string[];
  /** Versions in the order in which their files ran, also those that ran twice. */
  readonly done: readonly string[];
  readonly ledger: readonly string[];
  readonly catalog: readonly string[];
  /** Versions whose file did not run in the transaction that recorded it. */
  readonly torn: readonly string[];
  readonly interrupted: number;
}

/** A connection of the test's own to the database that is migrated. */
export class TestDatabase {
  readonly #url: string;
  #client: pg.Client;

  constructor(url: string) {
    this.#url = url;
    this.#client = clientOf(url);
  }

  async open(): Promise<void> {
    await this.#client.connect();
  }

  /** A connection again after the server has crashed, as soon as it takes one. */
  async reopen(): Promise<void> {
    for (;;) {
      await this.close();
      this.#client = clientOf(this.#url);
      try {
        await this.open();
        return;
      } catch {
        await new Promise((done) => setTimeout(done, 20));
      }
    }
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }

  async query(sql: string): Promise<Record<string, unknown>[]> {
    const { rows } = await this.#client.query<Record<string, unknown>>(sql);
    return rows;
  }

  async texts(sql: string): Promise<string[]> {
    return (await this.query(sql)).map((row) => String(Object.values(row)[0]));
  }

  /** Waits until no other connection is inside a transaction or a statement. */
  async idle(): Promise<void> {
    while ((await this.query(busy)).length > 0) await new Promise((done) => setTimeout(done, 3));
  }

  /** An empty database with an empty catalog state. `keepLedger`: the ledger stays, empty, as it was made. */
  async reset(keepLedger: boolean): Promise<void> {
    await this.idle();
    const ledger = "head, migration, running, run, step".replaceAll(/\w+/g, "hasura_migrate.$&");
    const emptied = `TRUNCATE ${ledger}; INSERT INTO hasura_migrate.head (schema_version, generation, synced) VALUES (${String(schemaVersion)}, 0, 0);`;
    const there =
      (await this.texts("SELECT to_regclass('hasura_migrate.head') IS NOT NULL"))[0] === "true";
    await this
      .query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; UPDATE hdb_catalog.hdb_version SET cli_state = '{}', hasura_uuid = hasura_uuid;
      ${keepLedger && there ? emptied : "DROP SCHEMA IF EXISTS hasura_migrate CASCADE"}`);
  }

  /** Read again when a table goes while it is described (XX000): a last statement was still under way. */
  async facts(): Promise<Facts> {
    for (;;) {
      await this.idle();
      try {
        return await this.#facts();
      } catch (error) {
        if (!(error instanceof pg.DatabaseError && error.code === "XX000")) throw error;
      }
    }
  }

  async #facts(): Promise<Facts> {
    const [made] = await this.query(
      "SELECT to_regclass('hasura_migrate.head') AS ledger, to_regclass('public.done') AS done",
    );
    const ledger = made?.["ledger"] !== null;
    const done = made?.["done"] !== null;
    return {
      schema: await this.texts(schema),
      done: done ? await this.texts("SELECT v FROM public.done ORDER BY at") : [],
      ledger: ledger
        ? await this.texts("SELECT version FROM hasura_migrate.migration ORDER BY version")
        : [],
      catalog: (await this.texts(catalog)).sort((a, b) => Number(a) - Number(b)),
      torn: ledger && done ? await this.texts(torn) : [],
      interrupted: ledger ? (await this.query("SELECT FROM hasura_migrate.running")).length : 0,
    };
  }
}

function clientOf(url: string): pg.Client {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  return client;
}

const busy = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND state <> 'idle'`;

const catalog =
  "SELECT jsonb_object_keys(cli_state::jsonb #> '{migrations,default}') FROM hdb_catalog.hdb_version";

const torn = `SELECT coalesce(m.version, d.v) FROM hasura_migrate.migration m FULL JOIN public.done d ON d.v = m.version
  WHERE m.txid IS DISTINCT FROM d.txid AND (m.run IS NOT NULL OR m.version IS NULL)`;

/** Columns, constraints, indexes and views of the schema `public`, one text each. */
const schema = `
SELECT concat_ws(' ', 'column', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS it
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT concat_ws(' ', 'view', viewname, definition) FROM pg_views WHERE schemaname = 'public'
ORDER BY 1`;
