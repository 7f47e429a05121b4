import assert from "node:assert/strict";
import pg from "pg";
import { test } from "vitest";
import { usesEnumValue } from "../../src/lint/enum-uses.ts";
import { emptySchema, type Schema } from "../../src/lint/schema.ts";
import { afterStatement } from "../../src/lint/after-statement.ts";
import { parseSql } from "../../src/sql-parser/parse-sql.ts";
import { freshDatabase } from "../support/postgres.ts";

/* The statements in which src/lint says that a new enum value is used, against those that PostgreSQL refuses (55P04). */

const setup = `
  CREATE TYPE order_state AS ENUM ('open', 'paid');
  CREATE DOMAIN checked_state AS order_state;
  CREATE DOMAIN short AS text;
  CREATE TYPE pair AS (state order_state);
  CREATE TABLE orders (id int PRIMARY KEY, state order_state DEFAULT 'open', kind text, checked checked_state, tags text[], data jsonb, states order_state[], paired pair);
  CREATE TABLE users (id int PRIMARY KEY, kind text, state text);
  INSERT INTO orders VALUES (1, 'open', 'x');
  INSERT INTO users VALUES (1, 'x', 'y');
  CREATE PROCEDURE written(text) LANGUAGE sql AS 'SELECT 1';
  CREATE PROCEDURE entered(s order_state) LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION in_kind(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION in_state(order_state) RETURNS int LANGUAGE sql AS 'SELECT 1';
`;

const statements = `
CREATE VIEW v AS SELECT * FROM orders WHERE state = 'new'
CREATE VIEW v AS SELECT * FROM orders AS o WHERE o.state IN ('open', 'new')
CREATE VIEW v AS SELECT * FROM orders WHERE 'new' = state
CREATE VIEW v AS SELECT * FROM orders WHERE state = ANY (ARRAY['new'::order_state])
INSERT INTO orders (id, checked) VALUES (7, 'new')
CREATE VIEW v AS SELECT * FROM orders WHERE kind = 'new'
CREATE VIEW v AS SELECT u.* FROM orders AS o JOIN users AS u ON u.state = 'new'
CREATE VIEW v AS SELECT u.* FROM orders AS o JOIN users AS u ON u.id = o.id WHERE o.state = 'new'
CREATE VIEW v AS SELECT id, 'new' AS label FROM orders
CREATE VIEW v AS SELECT 'new' AS label UNION ALL SELECT 'old'
CREATE VIEW v AS SELECT state FROM orders UNION ALL SELECT 'new'
CREATE VIEW v AS SELECT coalesce(state, 'new') AS state FROM orders
CREATE VIEW v AS SELECT coalesce(kind, 'new') AS kind FROM orders
CREATE VIEW v AS SELECT CASE WHEN id = 1 THEN state ELSE 'new' END AS state FROM orders
CREATE VIEW v AS SELECT CASE WHEN state = 'open' THEN 'new' ELSE 'old' END AS label FROM orders
CREATE VIEW v AS SELECT CASE state WHEN 'new' THEN 1 END AS n FROM orders
CREATE VIEW v AS SELECT * FROM orders WHERE state::text = 'new'
CREATE VIEW v AS SELECT * FROM orders WHERE data->>'new' = 'new'
CREATE VIEW v AS SELECT * FROM orders WHERE kind LIKE 'new' OR 'new' = ANY (tags)
CREATE VIEW v AS SELECT in_state('new')
CREATE VIEW v AS SELECT lower('new'), jsonb_build_object('new', id) FROM orders
CREATE VIEW v AS SELECT * FROM users WHERE state = 'new'
CREATE MATERIALIZED VIEW v AS SELECT * FROM orders WHERE state = 'new'
CREATE TABLE n AS SELECT * FROM orders WHERE state = 'new'
CREATE FUNCTION f() RETURNS SETOF orders LANGUAGE sql BEGIN ATOMIC SELECT * FROM orders WHERE state = 'new'; END
CREATE FUNCTION f() RETURNS SETOF orders LANGUAGE sql BEGIN ATOMIC SELECT * FROM orders WHERE kind = 'new'; END
CREATE FUNCTION f() RETURNS SETOF orders LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT * FROM orders WHERE state = 'new'; END $$
CREATE FUNCTION f(s order_state DEFAULT 'new') RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'
CREATE FUNCTION f(s text DEFAULT 'new') RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'
UPDATE orders SET state = 'new'
UPDATE orders SET kind = 'new'
UPDATE users SET kind = 'new' FROM orders AS o WHERE o.id = users.id
UPDATE users SET state = 'new' FROM orders AS o WHERE o.id = users.id
UPDATE users SET kind = CASE WHEN id = 1 THEN 'new' ELSE 'old' END
UPDATE orders SET state = CASE WHEN id = 1 THEN 'new' ELSE 'open' END::order_state
UPDATE orders SET kind = 'old' WHERE state <> 'new'
UPDATE users SET kind = 'old' WHERE kind IS DISTINCT FROM 'new'
DELETE FROM orders WHERE state = 'new'
DELETE FROM orders WHERE kind = 'new'
INSERT INTO orders (id, state) VALUES (7, 'new')
INSERT INTO orders (id, kind) VALUES (7, 'new')
INSERT INTO orders VALUES (7, 'new')
INSERT INTO orders VALUES (7, 'open', 'new')
INSERT INTO orders (id, state) SELECT 7, 'new'
INSERT INTO orders (id, kind) SELECT 7, 'new'
INSERT INTO users (id, kind) SELECT 7, 'new' FROM orders WHERE state = 'open'
INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET state = 'new'
INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET kind = 'new'
MERGE INTO orders AS o USING users AS u ON o.id = u.id WHEN MATCHED THEN UPDATE SET state = 'new'
MERGE INTO orders AS o USING users AS u ON o.id = u.id WHEN MATCHED THEN UPDATE SET kind = 'new'
ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'new'
ALTER TABLE orders ALTER COLUMN kind SET DEFAULT 'new'
ALTER TABLE orders ADD COLUMN next order_state DEFAULT 'new'
ALTER TABLE orders ADD COLUMN next text DEFAULT 'new'
ALTER TABLE orders ADD CHECK (state <> 'new')
ALTER TABLE orders ADD CHECK (kind <> 'new')
CREATE TABLE n (s order_state DEFAULT 'new')
CREATE TABLE n (s text DEFAULT 'new')
CREATE INDEX i ON orders (id) WHERE state = 'new'
CREATE INDEX i ON orders (id) WHERE kind = 'new'
CREATE POLICY p ON orders USING (state = 'new')
CREATE POLICY p ON users USING (current_setting('app.kind', true) = 'new')
CREATE TABLE n (kind text CHECK (kind IN ('open', 'new')), CHECK (kind <> 'new'))
CREATE TABLE n (state order_state CHECK (state <> 'new'))
CREATE TABLE n (kind text, label text GENERATED ALWAYS AS (CASE WHEN kind = 'new' THEN 'new' ELSE 'old' END) STORED)
ALTER TABLE orders ADD COLUMN next text CHECK (next <> 'new')
ALTER TABLE orders ADD COLUMN next order_state CHECK (next <> 'new')
CREATE DOMAIN d AS text CHECK (VALUE IN ('new', 'old'))
CREATE DOMAIN d AS text DEFAULT 'new'
CREATE DOMAIN d AS order_state CHECK (VALUE <> 'new')
ALTER DOMAIN short ADD CHECK (VALUE <> 'new')
ALTER DOMAIN short SET DEFAULT 'new'
ALTER DOMAIN checked_state ADD CHECK (VALUE <> 'new')
CREATE VIEW v AS SELECT * FROM orders WHERE kind COLLATE "C" = 'new'
CREATE VIEW v AS SELECT * FROM orders WHERE tags[1] = 'new'
CREATE VIEW v AS SELECT * FROM orders WHERE states[1] = 'new'
CREATE VIEW v AS SELECT * FROM orders WHERE (paired).state = 'new'
CREATE VIEW v AS SELECT in_kind('new')
CALL written('new')
CALL entered('new')
CALL entered(s => 'new')
COMMENT ON TABLE orders IS 'new'
SET LOCAL app.kind = 'new'
SELECT set_config('app.kind', 'new', true)
SELECT 'new'::text, 'new'
SELECT 'new'::order_state
ALTER TYPE order_state RENAME VALUE 'new' TO 'newer'
`
  .trim()
  .split("\n");

async function nodesOf(sql: string) {
  const parsed = await parseSql(sql);
  assert.ok(parsed.kind === "parsed", sql);
  return parsed.statements.map(({ node }) => node);
}

test(`a new enum value is used where PostgreSQL refuses it: ${String(statements.length)} statements`, async (t) => {
  const client = new pg.Client({ connectionString: await freshDatabase(t) });
  await client.connect();
  t.onTestFinished(() => client.end());
  await client.query(setup);
  const schema = (await nodesOf(setup)).reduce<Schema>(afterStatement, emptySchema);
  const wrong: unknown[] = [];
  for (const sql of statements) {
    await client.query("BEGIN; ALTER TYPE order_state ADD VALUE 'new'");
    const code = await client.query(sql).then(
      () => undefined,
      (error: unknown) => (error instanceof pg.DatabaseError ? error.code : "no code"),
    );
    await client.query("ROLLBACK");
    const [node] = await nodesOf(sql);
    assert.ok(node);
    const isUsed = usesEnumValue(node, { type: "order_state", value: "new" }, schema);
    if (code !== (isUsed ? "55P04" : undefined)) wrong.push([sql, code, isUsed]);
  }
  assert.deepEqual(wrong, []);
});
