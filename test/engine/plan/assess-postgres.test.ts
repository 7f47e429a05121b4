import assert from "node:assert/strict";
import pg from "pg";
import { describe, test, type TestContext } from "vitest";
import type { DroppedObject, UsedName } from "../../../src/engine/plan/assessment.ts";
import { definitionsSql, readDefinitions } from "../../../src/engine/plan/definitions.ts";
import { existingObjectsSql, readExistingObjects } from "../../../src/engine/plan/object-facts.ts";
import { tableFactsSql, readTableFacts } from "../../../src/engine/plan/table-facts.ts";
import { assessFiles } from "../../../src/lint/assess.ts";
import type { StatementImpact } from "../../../src/protocol/impact.ts";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import { startTestApi } from "../../support/hasura-api.ts";
import { query } from "../../support/postgres.ts";
import { projectOnDisk, requestFor, run } from "../support/run.ts";

/* The sizes and columns of tables, and what the plan concludes from them, on a real server. */

const setup = `
  CREATE SCHEMA shop;
  CREATE TABLE orders (id int PRIMARY KEY, amount numeric(8, 2) CHECK (amount IS NOT NULL), label varchar(10), "Odd Name" text);
  INSERT INTO orders SELECT i, 1, 'x' FROM generate_series(1, 50000) AS i;
  CREATE TABLE shop.unanalysed (id int);
  INSERT INTO shop.unanalysed VALUES (1);
  CREATE TABLE empty (id int PRIMARY KEY, customer_id int REFERENCES orders (id));
  CREATE TABLE emptied (id int);
  INSERT INTO emptied VALUES (1);
  TRUNCATE emptied;
  CREATE TABLE "a.b" (id int);
  INSERT INTO "a.b" VALUES (1);
  CREATE TABLE events (id int, kind int) PARTITION BY LIST (kind);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
  CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2);
  INSERT INTO events SELECT i, 1 + i % 2 FROM generate_series(1, 30000) AS i;
  CREATE VIEW recent AS SELECT id FROM orders;
  ANALYZE orders, events, events_1, events_2, "a.b";
`;

interface Server {
  readonly url: string;
  readonly hasura: Hasura;
}

/** The tables above behind Hasura's API. */
async function serverWithTables(t: TestContext): Promise<Server> {
  const api = await startTestApi(t);
  await query(api.databaseUrl, setup);
  const hasura = hasuraOverHttp({
    endpoint: api.url,
    adminSecret: () => Promise.resolve("test-admin-secret"),
  });
  t.onTestFinished(() => hasura.close());
  return { url: api.databaseUrl, hasura };
}

async function factsOf(
  { hasura }: Server,
  names: readonly string[],
  cascading: ReadonlySet<string> = new Set(),
) {
  const sql = tableFactsSql(names, cascading);
  return readTableFacts(names, await hasura.runSql({ kind: "postgres", source: "default", sql }));
}

async function existing({ hasura }: Server, objects: readonly DroppedObject[]) {
  const sql = existingObjectsSql(objects);
  return readExistingObjects(await hasura.runSql({ kind: "postgres", source: "default", sql }));
}

async function definitions({ hasura }: Server, names: readonly UsedName[]) {
  const sql = definitionsSql(names);
  return readDefinitions(names, await hasura.runSql({ kind: "postgres", source: "default", sql }));
}

async function impactsOf(server: Server, ups: readonly string[]): Promise<StatementImpact[]> {
  const assessed = await assessFiles(
    ups.map((sql) => ({ direction: "up", sql: () => Promise.resolve(sql) })),
    {
      tables: (names, cascading) => factsOf(server, names, cascading),
      objects: (objects) => existing(server, objects),
      definitions: (names) => definitions(server, names),
    },
  );
  return assessed.flatMap(({ statements }) => statements);
}

describe("the effects on tables in a plan", () => {
  test("rows are PostgreSQL's estimate, sizes include indexes and partitions", async (t) => {
    const server = await serverWithTables(t);
    const { url } = server;
    const names = [
      "orders",
      "shop.unanalysed",
      "empty",
      "emptied",
      "a.b",
      "events",
      "recent",
      "no",
    ];
    const facts = await factsOf(server, names);
    const rowsOf = [...facts].map(([name, { rows, isEmpty }]) => [name, rows, isEmpty]);
    assert.deepEqual(rowsOf, [
      ["orders", 50_000, false],
      ["shop.unanalysed", undefined, false],
      ["empty", 0, true],
      ["emptied", 0, true],
      ["a.b", 1, false],
      ["events", 30_000, false],
      ["recent", undefined, false],
    ]);
    const [sizes] = await query(
      url,
      "SELECT pg_total_relation_size('orders')::int AS orders, (pg_total_relation_size('events_1') + pg_total_relation_size('events_2'))::int AS events",
    );
    assert.equal(facts.get("orders")?.bytes, sizes?.["orders"]);
    assert.equal(facts.get("events")?.bytes, sizes?.["events"]);
    assert.equal(facts.get("recent")?.bytes, undefined);
  });

  test("the database knows which objects exist, with the names of the migration", async (t) => {
    const server = await serverWithTables(t);
    await query(
      server.url,
      `CREATE TYPE shop.mood AS ENUM ('sad'); CREATE DOMAIN "Odd.Type" AS int; CREATE DOMAIN small AS int;
       CREATE COLLATION shop.german (locale = 'C')`,
    );
    const objects = [
      { kind: "schema", name: "shop" },
      { kind: "schema", name: "Shop" },
      { kind: "type", name: "shop.mood" },
      { kind: "type", name: "mood" },
      { kind: "type", name: "small" },
      { kind: "type", name: "no.such.type" },
      { kind: "extension", name: "plpgsql" },
      { kind: "extension", name: "citext'" },
      { kind: "collation", name: "german" },
      { kind: "collation", name: "shop.german" },
      { kind: "collation", name: "other.german" },
    ] as const;
    assert.deepEqual(
      [...(await existing(server, objects))].toSorted((a, b) => a - b),
      [0, 2, 3, 4, 6, 8, 9],
    );
  });

  test("columns and constraints decide whether rows are rewritten or read", async (t) => {
    const impacts = await impactsOf(await serverWithTables(t), [
      "ALTER TABLE orders ALTER label TYPE varchar(20)",
      "ALTER TABLE orders ALTER amount SET NOT NULL",
      "ALTER TABLE orders ALTER amount TYPE numeric(10, 2)",
      "ALTER TABLE orders ALTER amount TYPE numeric(10, 3)",
      'ALTER TABLE orders DROP COLUMN "Odd Name"',
      "CREATE INDEX x ON empty (customer_id)",
    ]);
    assert.deepEqual(
      impacts.map(({ effect, needs = [] }) => [effect, ...needs]),
      [
        // The CHECK is tested again.
        ["scan", "type-reads-table"],
        ["rewrite", "type-rewrite"],
        ["data-loss", "drop-data"],
      ],
    );
  });

  test("TRUNCATE … CASCADE of an empty table loses the rows of every table that refers to it", async (t) => {
    const server = await serverWithTables(t);
    const { url } = server;
    await query(
      url,
      `CREATE TABLE coupons (id int PRIMARY KEY);
       CREATE TABLE shop.used (id int PRIMARY KEY, coupon int REFERENCES coupons);
       CREATE TABLE uses (id int, used int REFERENCES shop.used) PARTITION BY LIST (id);
       CREATE TABLE uses_1 PARTITION OF uses FOR VALUES IN (1);
       CREATE TABLE unused (coupon int REFERENCES coupons);
       INSERT INTO shop.used VALUES (1); INSERT INTO uses VALUES (1)`,
    );
    const lost = async (sql: string): Promise<string[]> =>
      (await impactsOf(server, [sql])).flatMap(({ risk, loses }) =>
        risk === "data-loss" && loses ? [loses.name] : [],
      );
    assert.deepEqual(await lost("TRUNCATE coupons CASCADE"), ["shop.used", "uses"]);
    assert.deepEqual(await lost("ALTER TABLE shop.used DROP coupon; TRUNCATE coupons CASCADE"), [
      "shop.used.coupon",
    ]);
    assert.deepEqual(await lost("TRUNCATE coupons"), []);
    await query(url, "TRUNCATE coupons CASCADE");
    assert.deepEqual(
      await query(url, "SELECT id FROM shop.used UNION ALL SELECT id FROM uses"),
      [],
    );
  });

  test("a new partition reads the default partition, and nothing if there is none", async (t) => {
    const server = await serverWithTables(t);
    await query(
      server.url,
      `CREATE TABLE shop.visits (id int, kind int) PARTITION BY LIST (kind);
       CREATE TABLE shop.other_visits PARTITION OF shop.visits DEFAULT;
       CREATE TABLE visits_1 (id int, kind int);
       INSERT INTO shop.visits SELECT i, 7 FROM generate_series(1, 50000) AS i`,
    );
    for (const [sql, expected] of [
      ["CREATE TABLE events_3 PARTITION OF events FOR VALUES IN (3)", []],
      [
        "CREATE TABLE visits_3 PARTITION OF shop.visits FOR VALUES IN (3)",
        ["scan shop.other_visits partition-blocks"],
      ],
      [
        "ALTER TABLE shop.visits ATTACH PARTITION visits_1 FOR VALUES IN (1)",
        ["scan shop.other_visits partition-blocks"],
      ],
      [
        "ALTER TABLE shop.visits DETACH PARTITION shop.other_visits; CREATE TABLE visits_3 PARTITION OF shop.visits FOR VALUES IN (3)",
        ["catalog shop.visits"],
      ],
    ] as const) {
      const impacts = await impactsOf(server, [sql]);
      const words = impacts.map(({ effect, table, needs = [] }) =>
        [effect, table, ...needs].join(" "),
      );
      assert.deepEqual(words, expected, sql);
    }
  });

  test("the plan predicts what PostgreSQL rewrites", async (t) => {
    const server = await serverWithTables(t);
    const { url } = server;
    await query(
      url,
      `CREATE DOMAIN email AS varchar(20) CHECK (VALUE ~ '@'); CREATE DOMAIN mail AS email; CREATE DOMAIN shop.plain AS text;
       CREATE DOMAIN "Odd.Name" AS int NOT NULL;
       CREATE FUNCTION code() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
       CREATE FUNCTION shop.dice() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 4; END';
       CREATE FUNCTION shop.dice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
       ALTER TABLE orders ADD COLUMN word shop.plain, ADD COLUMN address email`,
    );
    for (const [sql, effect] of [
      ["ALTER TABLE orders ADD COLUMN e1 email", "rewrite"],
      ["ALTER TABLE orders ADD COLUMN e2 public.mail", "rewrite"],
      ["ALTER TABLE orders ADD COLUMN e3 email[]", undefined],
      ["ALTER TABLE orders ADD COLUMN e4 shop.plain", undefined],
      [
        "SET search_path = shop, public; ALTER TABLE orders ADD COLUMN e5 plain, ADD COLUMN e6 email",
        "rewrite",
      ],
      ['ALTER TABLE orders ADD COLUMN e7 "Odd.Name" DEFAULT 1', "rewrite"],
      ["ALTER TABLE orders ADD COLUMN c1 int DEFAULT code()", undefined],
      ["ALTER TABLE orders ADD COLUMN c2 int DEFAULT public.code() + 1", undefined],
      ["ALTER TABLE orders ADD COLUMN c3 int DEFAULT shop.dice()", "rewrite"],
      ["ALTER TABLE orders ALTER word TYPE text", undefined],
      ["ALTER TABLE orders ALTER address TYPE varchar(20)", "rewrite"],
      ["ALTER TABLE orders ALTER address TYPE text", undefined],
      ["ALTER TABLE orders ALTER label TYPE text", undefined],
      ["ALTER TABLE orders ALTER amount TYPE int", "rewrite"],
      ["ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT clock_timestamp()", "rewrite"],
    ] as const) {
      const impacts = await impactsOf(server, [sql]);
      const impact = impacts.find(({ table }) => table === "orders");
      const file = async (): Promise<unknown> =>
        (await query(url, "SELECT pg_relation_filenode('orders')::int AS file"))[0]?.["file"];
      const before = await file();
      await query(url, sql);
      assert.equal((await file()) === before, effect === undefined, sql);
      assert.equal(impact?.effect, effect, sql);
    }
  });

  test("the query for sizes waits at most a second for a locked table", async (t) => {
    const server = await serverWithTables(t);
    const { url } = server;
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    t.onTestFinished(() => holder.end());
    await holder.query("BEGIN; LOCK TABLE orders");
    await assert.rejects(factsOf(server, ["orders"]), /lock timeout/);
  });

  test("apply refuses a loss of data before its first step, and drops what is empty", async (t) => {
    const { hasura, url } = await serverWithTables(t);
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 3\n",
      "migrations/default/1_first/up.sql": "CREATE TABLE first (id int);",
      "migrations/default/2_drop/up.sql": "DROP TABLE empty; DROP TABLE events;",
    });
    const exists = async (table: string): Promise<unknown> =>
      (await query(url, "SELECT to_regclass($1) IS NOT NULL AS found", [table]))[0]?.["found"];
    const refused = await run(hasura, root, requestFor("apply"), { assess: assessFiles });
    assert.equal(refused.failure?.code, "data-loss");
    assert.match(refused.failure.message, /drops the table events \(30 k rows, /);
    assert.doesNotMatch(refused.failure.message, /table empty/);
    assert.deepEqual([await exists("first"), await exists("events")], [false, true]);
    await query(url, "TRUNCATE events");
    const emptied = await run(hasura, root, requestFor("apply"), { assess: assessFiles });
    assert.equal(emptied.failure, undefined);
    assert.deepEqual([await exists("first"), await exists("events")], [true, false]);
  });

  test("a run that is killed while its plan is examined has changed nothing", async (t) => {
    const { hasura, url } = await serverWithTables(t);
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 3\n",
      "migrations/default/1_first/up.sql":
        "CREATE TABLE first (id int); CREATE INDEX x ON orders (amount);",
    });
    await new Promise<void>((examined) => {
      void run(hasura, root, requestFor("apply"), {
        assess: async (files, readTables) => {
          await assessFiles(files, readTables);
          examined();
          // A killed process does nothing more.
          return new Promise(() => undefined);
        },
      });
    });
    const tables = await query(
      url,
      "SELECT to_regclass('first') AS first, to_regclass('x') AS index",
    );
    assert.deepEqual(tables, [{ first: null, index: null }]);
  });

  test("the answer to plan has the effects of each pending migration, and a warning if sizes are not known", async (t) => {
    const { hasura, url } = await serverWithTables(t);
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 3\n",
      "migrations/default/1_new/up.sql": "CREATE TABLE t (id int);\nCREATE INDEX t_id ON t (id);",
      "migrations/default/2_token/up.sql":
        "SELECT 1;\nALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
      "migrations/default/3_newer/up.sql": "CREATE TABL x ();",
    });
    const planned = await run(hasura, root, requestFor("plan"), { assess: assessFiles });
    const items = planned.of("plan").flatMap(({ databases }) => databases[0]?.items ?? []);
    assert.deepEqual(
      items.map(({ statements, notAssessed }) => [statements?.length, notAssessed]),
      [
        [undefined, undefined],
        [1, undefined],
        [undefined, 'line 1: syntax error at or near "TABL"'],
      ],
    );
    const [{ line, table, effect, rows } = { line: 0 }] = items[1]?.statements ?? [];
    assert.deepEqual(
      { line, table, effect, rows },
      { line: 2, table: "orders", effect: "rewrite", rows: 50_000 },
    );

    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    t.onTestFinished(() => holder.end());
    await holder.query("BEGIN; LOCK TABLE orders");
    const blind = await run(hasura, root, requestFor("plan"), { assess: assessFiles });
    assert.equal(blind.failure, undefined);
    assert.deepEqual(
      blind.of("log").map(({ code }) => code),
      ["sizes-unknown"],
    );
    const [, second] = blind.of("plan").flatMap(({ databases }) => databases[0]?.items ?? []);
    assert.deepEqual(
      second?.statements?.map(({ effect, bytes }) => [effect, bytes]),
      [["rewrite", undefined]],
    );
  });
});
