import assert from "node:assert/strict";
import pg from "pg";
import { describe, test, type TestContext } from "vitest";
import { lockModes, type StatementLock } from "../../src/lint/lock.ts";
import { locksOf } from "../../src/lint/locks.ts";
import { emptySchema, startRun, type Schema } from "../../src/lint/schema.ts";
import { afterStatement } from "../../src/lint/after-statement.ts";
import { fixed } from "../../src/lint/volatility.ts";
import { parseSql } from "../../src/sql-parser/parse-sql.ts";
import { freshDatabase } from "../support/postgres.ts";

/*
 * The locks that src/lint says a statement takes, against those that PostgreSQL takes: pg_locks, the files of the tables before and after, and
 * the scans that PostgreSQL counts.
 */

const setup = `
  CREATE EXTENSION btree_gist;
  CREATE EXTENSION citext;
  CREATE TABLE customers (id int PRIMARY KEY, name varchar(40), note text);
  CREATE TABLE orders (
    id int NOT NULL, amount int, label varchar(10), code varchar(20), customer_id int, span int4range, state text,
    price numeric(8, 2), placed_at timestamp(3), seen_at timestamptz(3), flags bit varying(4), address cidr, words citext,
    day date, tags text[], raw json, weight int
  );
  INSERT INTO customers VALUES (1, 'Ada');
  INSERT INTO orders (id, amount, label, customer_id, price) SELECT i, i, 'x', 1, 1 FROM generate_series(1, 50) AS i;
  CREATE INDEX orders_amount ON orders (amount);
  CREATE UNIQUE INDEX orders_id ON orders (id);
  ALTER TABLE orders ADD CONSTRAINT amount_positive CHECK (amount > 0) NOT VALID;
  ALTER TABLE orders ADD CONSTRAINT amount_set CHECK (amount IS NOT NULL);
  ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
  CREATE TABLE lines (id int PRIMARY KEY, customer_id int REFERENCES customers (id), other_id int);
  CREATE TABLE events (id int, kind int) PARTITION BY LIST (kind);
  CREATE TABLE events_1 (id int, kind int);
  CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2);
  CREATE TABLE visits (id int, kind int) PARTITION BY LIST (kind);
  CREATE TABLE visits_1 PARTITION OF visits FOR VALUES IN (1);
  CREATE TABLE visits_others PARTITION OF visits DEFAULT;
  CREATE TABLE visits_2 (id int, kind int) PARTITION BY LIST (kind);
  CREATE TABLE visits_2a PARTITION OF visits_2 FOR VALUES IN (2);
  INSERT INTO visits VALUES (1, 7);
  CREATE VIEW open_orders AS SELECT id FROM orders;
  CREATE MATERIALIZED VIEW totals AS SELECT 1 AS x;
  CREATE UNIQUE INDEX totals_x ON totals (x);
  CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE FUNCTION tomorrow() RETURNS date LANGUAGE sql STABLE AS 'SELECT current_date + 1';
  CREATE FUNCTION dice() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 4; END';
  CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE POLICY own ON customers;
  CREATE DOMAIN plain AS text;
  CREATE DOMAIN short AS text CHECK (length(VALUE) < 10);
  CREATE SEQUENCE numbers;
  CREATE PUBLICATION changes;
  CREATE SCHEMA archive;
  CREATE RULE keep AS ON DELETE TO customers DO ALSO NOTHING;
  CREATE STATISTICS related ON name, note FROM customers;
  CREATE TABLE children () INHERITS (customers);
  CREATE TABLE countries (code varchar(10) PRIMARY KEY, name varchar(10) UNIQUE, currency varchar(3));
  CREATE TABLE cities (
    id int PRIMARY KEY, country varchar(10) REFERENCES countries, country_name varchar(10) REFERENCES countries (name),
    label text CHECK (label <> ''), nick varchar(10), rank int, state text CHECK (state IS NOT NULL AND state <> ''), mayor text,
    CHECK (NOT (mayor IS NULL))
  );
  CREATE INDEX cities_nick ON cities (lower(nick), rank);
  CREATE TABLE streets (id int, city_id int REFERENCES cities);
  INSERT INTO countries VALUES ('DE', 'Germany');
  INSERT INTO cities SELECT i, 'DE', 'Germany', 'x', 'y', i, 'z', 'm' FROM generate_series(1, 50) AS i;
`;

/** Those that run in a transaction, so that their locks can be seen before it ends. */
const statements = `
CREATE INDEX x ON orders (customer_id)
CREATE UNIQUE INDEX x ON orders (amount)
CREATE INDEX x ON totals (x)
DROP INDEX orders_amount
ALTER INDEX orders_amount RENAME TO orders_by_amount
ALTER INDEX orders_amount SET (fillfactor = 70)
REINDEX TABLE orders
REINDEX INDEX orders_amount
REINDEX INDEX customers_pkey
ALTER TABLE orders ADD COLUMN x text
ALTER TABLE orders ADD COLUMN x timestamptz NOT NULL DEFAULT now()
ALTER TABLE orders ADD COLUMN x timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
ALTER TABLE orders ADD COLUMN x text NOT NULL DEFAULT 'a'
ALTER TABLE orders ADD COLUMN x jsonb NOT NULL DEFAULT '{}'::jsonb
ALTER TABLE orders ADD COLUMN x text DEFAULT lower('A') || md5('b')
ALTER TABLE orders ADD COLUMN x date DEFAULT tomorrow()
ALTER TABLE orders ADD COLUMN x numeric DEFAULT extract(epoch from now())
ALTER TABLE orders ADD COLUMN x numrange DEFAULT numrange(1, 2)
ALTER TABLE orders ADD COLUMN x int DEFAULT dice()
ALTER TABLE orders ADD COLUMN x uuid DEFAULT gen_random_uuid()
ALTER TABLE orders ADD COLUMN x timestamptz DEFAULT clock_timestamp()
ALTER TABLE orders ADD COLUMN x float DEFAULT random()
ALTER TABLE orders ADD COLUMN x int DEFAULT nextval('numbers')
ALTER TABLE orders ADD COLUMN x serial
ALTER TABLE orders ADD COLUMN x bigserial
ALTER TABLE orders ADD COLUMN x bigint GENERATED ALWAYS AS IDENTITY
ALTER TABLE orders ADD COLUMN x int GENERATED ALWAYS AS (amount + 1) STORED
ALTER TABLE orders ADD COLUMN x plain
ALTER TABLE orders ADD COLUMN x short
ALTER TABLE orders ADD COLUMN x int REFERENCES customers (id)
ALTER TABLE orders ADD COLUMN x int DEFAULT 1 REFERENCES customers (id)
ALTER TABLE orders ADD COLUMN x int UNIQUE
ALTER TABLE orders ADD COLUMN x int CHECK (x > 0)
ALTER TABLE orders ADD COLUMN x text, ADD COLUMN y uuid DEFAULT gen_random_uuid()
ALTER TABLE orders DROP COLUMN price
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL
ALTER TABLE orders ALTER COLUMN amount SET NOT NULL
ALTER TABLE orders ALTER COLUMN id SET NOT NULL
ALTER TABLE orders ALTER COLUMN id DROP NOT NULL
ALTER TABLE orders ALTER COLUMN amount SET DEFAULT 3
ALTER TABLE orders ALTER COLUMN amount DROP DEFAULT
ALTER TABLE orders ALTER COLUMN amount SET STATISTICS 10
ALTER TABLE orders ALTER COLUMN state SET STORAGE EXTERNAL
ALTER TABLE orders ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY
ALTER TABLE orders ALTER COLUMN amount TYPE int
ALTER TABLE orders ALTER COLUMN weight TYPE int
ALTER TABLE orders ALTER COLUMN amount TYPE bigint
ALTER TABLE orders ALTER COLUMN weight TYPE text
ALTER TABLE orders ALTER COLUMN weight TYPE smallint
ALTER TABLE orders ALTER COLUMN label TYPE varchar(20)
ALTER TABLE orders ALTER COLUMN label TYPE varchar
ALTER TABLE orders ALTER COLUMN label TYPE text
ALTER TABLE orders ALTER COLUMN label TYPE varchar(5)
ALTER TABLE orders ALTER COLUMN label TYPE text USING label::text
ALTER TABLE orders ALTER COLUMN label TYPE text USING lower(label)
ALTER TABLE orders ALTER COLUMN state TYPE varchar
ALTER TABLE orders ALTER COLUMN state TYPE varchar(10)
ALTER TABLE orders ALTER COLUMN state TYPE char(10)
ALTER TABLE orders ALTER COLUMN words TYPE text
ALTER TABLE orders ALTER COLUMN price TYPE numeric(10, 2)
ALTER TABLE orders ALTER COLUMN price TYPE numeric
ALTER TABLE orders ALTER COLUMN price TYPE numeric(10, 3)
ALTER TABLE orders ALTER COLUMN price TYPE numeric(6, 2)
ALTER TABLE orders ALTER COLUMN placed_at TYPE timestamp(6)
ALTER TABLE orders ALTER COLUMN placed_at TYPE timestamp
ALTER TABLE orders ALTER COLUMN placed_at TYPE timestamp(1)
ALTER TABLE orders ALTER COLUMN placed_at TYPE timestamptz
ALTER TABLE orders ALTER COLUMN seen_at TYPE timestamptz
ALTER TABLE orders ALTER COLUMN flags TYPE bit varying(8)
ALTER TABLE orders ALTER COLUMN flags TYPE bit varying
ALTER TABLE orders ALTER COLUMN flags TYPE bit varying(2)
ALTER TABLE orders ALTER COLUMN address TYPE inet
ALTER TABLE orders ALTER COLUMN day TYPE timestamp
ALTER TABLE orders ALTER COLUMN raw TYPE jsonb
ALTER TABLE orders ALTER COLUMN tags TYPE text[]
ALTER TABLE countries ADD COLUMN x int DEFAULT NULL REFERENCES lines (id)
ALTER TABLE lines ADD COLUMN x text NOT NULL
ALTER TABLE cities ALTER COLUMN state SET NOT NULL
ALTER TABLE cities ALTER COLUMN mayor SET NOT NULL
ALTER TABLE cities ALTER COLUMN label SET NOT NULL
ALTER TABLE cities ALTER COLUMN label TYPE varchar
ALTER TABLE cities ALTER COLUMN label TYPE citext
ALTER TABLE cities ALTER COLUMN nick TYPE varchar(20)
ALTER TABLE cities ALTER COLUMN nick TYPE citext
ALTER TABLE cities ALTER COLUMN nick TYPE citext USING nick::citext
ALTER TABLE cities ALTER COLUMN country TYPE text
ALTER TABLE cities ALTER COLUMN country_name TYPE varchar(20)
ALTER TABLE cities ALTER COLUMN country_name TYPE char(20)
ALTER TABLE cities ALTER COLUMN id TYPE bigint
ALTER TABLE countries ALTER COLUMN code TYPE varchar(20)
ALTER TABLE countries ALTER COLUMN name TYPE text
ALTER TABLE countries ALTER COLUMN currency TYPE citext
ALTER TABLE countries ALTER COLUMN currency TYPE plain
ALTER TABLE cities DROP COLUMN country
ALTER TABLE countries DROP COLUMN name CASCADE
ALTER TABLE cities DROP COLUMN id CASCADE
TRUNCATE countries CASCADE
TRUNCATE countries, cities, streets
ALTER TABLE orders ADD CONSTRAINT k CHECK (amount > 0)
ALTER TABLE orders ADD CONSTRAINT k CHECK (amount > 0) NOT VALID
ALTER TABLE orders VALIDATE CONSTRAINT amount_positive
ALTER TABLE orders VALIDATE CONSTRAINT amount_set
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer
ALTER TABLE lines ADD CONSTRAINT k FOREIGN KEY (other_id) REFERENCES customers (id)
ALTER TABLE lines ADD CONSTRAINT k FOREIGN KEY (other_id) REFERENCES customers (id) NOT VALID
ALTER TABLE lines ADD FOREIGN KEY (other_id) REFERENCES lines (id)
ALTER TABLE orders ADD CONSTRAINT k UNIQUE (amount)
ALTER TABLE orders ADD CONSTRAINT k UNIQUE USING INDEX orders_id
ALTER TABLE orders ADD PRIMARY KEY (id)
ALTER TABLE orders ADD CONSTRAINT k EXCLUDE USING gist (span WITH &&)
ALTER TABLE orders DROP CONSTRAINT amount_positive
ALTER TABLE orders DROP CONSTRAINT orders_customer
ALTER TABLE lines DROP CONSTRAINT lines_customer_id_fkey
ALTER TABLE orders RENAME COLUMN amount TO total
ALTER TABLE orders RENAME CONSTRAINT amount_positive TO positive
ALTER TABLE orders RENAME TO purchases
ALTER TABLE orders SET SCHEMA archive
ALTER TABLE orders SET (fillfactor = 70)
ALTER TABLE orders RESET (fillfactor)
ALTER TABLE orders SET (autovacuum_enabled = false)
ALTER TABLE lines DROP CONSTRAINT lines_customer_id_fkey, SET UNLOGGED
ALTER TABLE orders ENABLE ROW LEVEL SECURITY
ALTER TABLE orders OWNER TO CURRENT_USER
ALTER TABLE orders DISABLE TRIGGER ALL
ALTER TABLE orders ENABLE TRIGGER touched
ALTER TABLE orders REPLICA IDENTITY FULL
ALTER TABLE orders CLUSTER ON orders_amount
CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()
DROP TRIGGER touched ON orders
CREATE TABLE n (id int PRIMARY KEY, c int REFERENCES customers (id))
CREATE TABLE n (id int, c int, FOREIGN KEY (c) REFERENCES customers (id))
CREATE TABLE n (LIKE orders)
CREATE TABLE n AS SELECT * FROM orders
CREATE TABLE n () INHERITS (customers)
DROP TABLE customers CASCADE
DROP TABLE lines
DROP TABLE events
TRUNCATE lines
TRUNCATE orders, lines
ALTER TABLE events ATTACH PARTITION events_1 FOR VALUES IN (1)
ALTER TABLE events DETACH PARTITION events_2
CREATE TABLE events_3 PARTITION OF events FOR VALUES IN (3)
DROP TABLE events_2
CREATE TABLE visits_3 PARTITION OF visits FOR VALUES IN (3)
ALTER TABLE visits ATTACH PARTITION visits_2 FOR VALUES IN (2)
ALTER TABLE visits DETACH PARTITION visits_1
ALTER TABLE visits DETACH PARTITION visits_others
DROP TABLE visits_1
DROP TABLE visits_others
DROP TABLE children
REFRESH MATERIALIZED VIEW totals
REFRESH MATERIALIZED VIEW CONCURRENTLY totals
DROP MATERIALIZED VIEW totals
CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders
CREATE VIEW v AS SELECT * FROM orders
DROP VIEW open_orders
ALTER VIEW open_orders RENAME TO opened
ALTER VIEW open_orders OWNER TO CURRENT_USER
COMMENT ON TABLE orders IS 'x'
COMMENT ON COLUMN orders.amount IS 'x'
COMMENT ON VIEW open_orders IS 'x'
GRANT SELECT ON orders TO PUBLIC
CREATE POLICY p ON orders
ALTER POLICY own ON customers USING (true)
DROP POLICY own ON customers
CREATE RULE r AS ON INSERT TO orders DO ALSO NOTHING
CREATE STATISTICS s ON amount, customer_id FROM orders
ALTER PUBLICATION changes ADD TABLE orders
UPDATE orders SET amount = 2
DELETE FROM orders
INSERT INTO orders (id, amount) VALUES (1000, 1)
INSERT INTO orders (id, amount) SELECT id + 1000, 1 FROM customers
WITH gone AS (DELETE FROM lines RETURNING id) SELECT * FROM gone
MERGE INTO lines USING orders ON lines.id = orders.id WHEN MATCHED THEN DELETE
SELECT * FROM orders
SELECT * FROM orders FOR UPDATE
CLUSTER orders USING orders_amount
ANALYZE orders
LOCK TABLE orders
LOCK TABLE orders IN SHARE MODE
LOCK TABLE orders IN ROW EXCLUSIVE MODE
LOCK TABLE orders IN ACCESS SHARE MODE
ALTER TYPE mood ADD VALUE 'fine'
ALTER SEQUENCE numbers RESTART
ALTER SEQUENCE numbers OWNED BY orders.id
ALTER TABLE events ADD COLUMN note text
ALTER TABLE events ADD COLUMN token uuid DEFAULT gen_random_uuid()
ALTER TABLE events ADD CONSTRAINT k CHECK (id > 0)
ALTER TABLE customers ADD COLUMN born date
CREATE INDEX x ON events (id)
TRUNCATE events
CREATE TRIGGER t BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION touch()
COMMENT ON TABLE events IS 'x'
ALTER TABLE children NO INHERIT customers
ALTER TABLE orders FORCE ROW LEVEL SECURITY
ALTER TABLE orders SET WITHOUT CLUSTER
ALTER TABLE customers DISABLE RULE keep
DROP RULE keep ON customers
ALTER TRIGGER touched ON orders RENAME TO touches
ALTER POLICY own ON customers RENAME TO mine
ALTER TABLE lines ALTER CONSTRAINT lines_customer_id_fkey DEFERRABLE
ALTER TABLE orders ALTER COLUMN state SET COMPRESSION pglz
ALTER TABLE orders ALTER COLUMN amount SET (n_distinct = 5)
CREATE PUBLICATION more FOR TABLE orders, lines
SELECT * INTO n FROM orders
COPY customers (id) FROM '/dev/null'
DROP SEQUENCE numbers
DROP FUNCTION tomorrow
`
  .trim()
  .split("\n");

/** Those that refuse a transaction: the lock that they ask for is seen while somebody else holds the table. */
const outside = `
CREATE INDEX CONCURRENTLY x ON orders (customer_id)
DROP INDEX CONCURRENTLY orders_amount
REINDEX TABLE CONCURRENTLY orders
REINDEX INDEX CONCURRENTLY orders_amount
VACUUM orders
VACUUM FULL orders
VACUUM (FULL, ANALYZE) orders
`
  .trim()
  .split("\n");

/** PostgreSQL's name of a mode, ours; undefined for the two that are left out. */
const modeOf = (name: string) =>
  lockModes.find((mode) => `${mode.toLowerCase().replaceAll(" ", "")}lock` === name.toLowerCase());

async function schemaAfter(sql: string): Promise<Schema> {
  const parsed = await parseSql(sql);
  assert.ok(parsed.kind === "parsed");
  return parsed.statements.reduce((next, { node }) => afterStatement(next, node), emptySchema);
}

async function expected(sql: string, schema: Schema): Promise<StatementLock[]> {
  const parsed = await parseSql(sql);
  assert.ok(parsed.kind === "parsed" && parsed.statements[0], `${sql} does not parse`);
  return locksOf(parsed.statements[0].node, schema);
}

async function connected(t: TestContext, url: string): Promise<pg.Client> {
  const connection = new pg.Client({ connectionString: url });
  await connection.connect();
  t.onTestFinished(() => connection.end());
  return connection;
}

interface Relation {
  readonly oid: number;
  readonly name: string;
  readonly file: number;
  readonly scans: number;
}

async function relations(client: pg.Client): Promise<Relation[]> {
  const { rows } = await client.query<Relation>(
    `SELECT c.oid, c.relname AS name, c.relfilenode AS file, coalesce(pg_stat_get_xact_numscans(c.oid), 0)::int AS scans
     FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')`,
  );
  return rows;
}

/** What PostgreSQL locks and does in a transaction that is rolled back, as `table: mode`, and then what it did to the table. */
async function measured(client: pg.Client, observer: pg.Client, sql: string) {
  await client.query("BEGIN");
  try {
    const before = await relations(client);
    await client.query(sql);
    const { rows: locks } = await observer.query<{ oid: number; mode: string }>(
      "SELECT relation AS oid, mode FROM pg_locks WHERE locktype = 'relation' AND granted AND pid = $1",
      [pidOf(client)],
    );
    const after = new Map((await relations(client)).map((relation) => [relation.oid, relation]));
    return before.flatMap(({ oid, name, file, scans }) => {
      const modes = locks.flatMap((lock) => (lock.oid === oid ? (modeOf(lock.mode) ?? []) : []));
      if (modes.length === 0) return [];
      const mode = lockModes.findLast((each) => modes.includes(each));
      const now = after.get(oid);
      const isWritten = now !== undefined && now.file !== file;
      return [{ table: name, mode, isGone: !now, isWritten, isRead: (now?.scans ?? 0) > scans }];
    });
  } finally {
    await client.query("ROLLBACK");
  }
}

const pidOf = (client: pg.Client): unknown => Reflect.get(client, "processID");

/** Whether a lock's effect is what was seen. */
function isTrue(
  effect: StatementLock["effect"],
  seen: { isGone: boolean; isWritten: boolean; isRead: boolean },
) {
  switch (effect) {
    case "catalog":
      return !seen.isWritten && !seen.isRead;
    case "scan":
      return !seen.isWritten && seen.isRead;
    case "rewrite":
      return seen.isWritten;
    // Data also goes with a column, which leaves the files alone.
    case "data-loss":
    case "rows":
      return true;
  }
}

describe("the locks of a statement", () => {
  test(`are those that PostgreSQL takes: ${String(statements.length)} statements`, async (t) => {
    const url = await freshDatabase(t);
    const [client, observer] = [await connected(t, url), await connected(t, url)];
    await client.query(setup);
    await client.query("SET timezone = 'Europe/Berlin'");
    const schema = startRun(await schemaAfter(setup));
    const wrong: unknown[] = [];
    for (const sql of statements) {
      const seen = await measured(client, observer, sql).catch((error: unknown) => String(error));
      const said = await expected(sql, schema);
      if (typeof seen === "string") wrong.push({ sql, seen });
      else {
        const words = (locks: readonly { table: string; mode: unknown }[]) =>
          locks.map(({ table, mode }) => `${table}: ${String(mode)}`).sort();
        const reads = seen.some(({ isRead }) => isRead);
        const effects = said.filter(({ table, effect }) => {
          const of = seen.find((each) => each.table === table);
          // The lock on the other table of a foreign key is held while this one is read.
          // Partitioned tables have no file of their own.
          return (
            of !== undefined &&
            !["events", "visits"].includes(table) &&
            !isTrue(effect, { ...of, isRead: of.isRead || (effect === "scan" && reads) })
          );
        });
        if (words(seen).join() !== words(said).join() || effects.length > 0)
          wrong.push({ sql, seen, said });
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("are those that are asked for by statements that refuse a transaction", async (t) => {
    const url = await freshDatabase(t);
    const [client, holder] = [await connected(t, url), await connected(t, url)];
    await client.query(setup);
    const schema = startRun(await schemaAfter(setup));
    for (const sql of outside) {
      await holder.query("BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE");
      const running = client.query(sql).catch(() => undefined);
      const asked = await waitFor(async () => {
        const { rows } = await holder.query<{ mode: string }>(
          "SELECT mode FROM pg_locks WHERE pid = $1 AND NOT granted AND relation = 'orders'::regclass",
          [pidOf(client)],
        );
        return rows[0]?.mode;
      });
      await holder.query("SELECT pg_cancel_backend($1)", [pidOf(client)]);
      await running;
      await holder.query("ROLLBACK");
      const [lock] = await expected(sql, schema);
      assert.deepEqual([sql, lock?.table, lock?.mode], [sql, "orders", modeOf(asked)]);
    }
  });
});

test("no function that gives one value for a statement is volatile", async (t) => {
  const client = await connected(t, await freshDatabase(t));
  const { rows } = await client.query(
    `SELECT DISTINCT proname FROM pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v' AND proname = ANY ($1)`,
    [[...fixed]],
  );
  assert.deepEqual(rows, []);
});

test("after a table has been emptied in the same transaction, no rows are read", async (t) => {
  const client = await connected(t, await freshDatabase(t));
  await client.query(setup);
  await client.query("BEGIN; TRUNCATE orders, countries CASCADE");
  const { rows } = await client.query(
    "SELECT relname FROM pg_class WHERE relname IN ('orders', 'countries', 'cities', 'streets') AND pg_relation_size(oid) > 0",
  );
  assert.deepEqual(rows, []);
  // After a DELETE the files are as large as before, but no row is checked, converted or put into an index.
  await client.query(
    "ROLLBACK; BEGIN; DELETE FROM orders; ALTER TABLE orders ADD COLUMN x text NOT NULL",
  );
  await client.query(
    "ALTER TABLE orders ALTER COLUMN amount TYPE bigint; CREATE INDEX empty ON orders (weight)",
  );
  const { rows: sizes } = await client.query("SELECT pg_relation_size('orders') AS bytes");
  assert.deepEqual(sizes, [{ bytes: "0" }]);
  await client.query("ROLLBACK");
});

/** Asks until there is an answer. */
async function waitFor<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
}
