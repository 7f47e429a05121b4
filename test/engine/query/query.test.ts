import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test, type TestContext } from "vitest";
import pg from "pg";
import { installationSql } from "../../../src/engine/store/ledger/sql/installation.ts";
import { query } from "../../support/postgres.ts";
import { refusals } from "./support/refusals.ts";
import { queryBench, type QueryBench } from "./support/query-bench.ts";

const setUp = `
  CREATE TABLE orders (id int PRIMARY KEY, note text);
  INSERT INTO orders VALUES (1, 'a'), (2, NULL), (3, '');
  CREATE SEQUENCE numbers;
  CREATE FUNCTION writes() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO orders VALUES (9) RETURNING id';
  CREATE FUNCTION lies() RETURNS int LANGUAGE plpgsql STABLE AS $$
    BEGIN EXECUTE 'INSERT INTO orders VALUES (9)'; RETURN 1; END $$;
  CREATE FUNCTION opens() RETURNS text LANGUAGE plpgsql STABLE AS $$
    BEGIN PERFORM set_config('transaction_read_only', 'off', true); RETURN 'opened'; END $$;
  CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
  CREATE FUNCTION touched(orders) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT ''touched''';
  CREATE FUNCTION label(orders) RETURNS text LANGUAGE sql STABLE AS 'SELECT ''label''';
  CREATE FUNCTION hides(int, int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT writes()';
  CREATE OPERATOR <<+>> (FUNCTION = hides, LEFTARG = int, RIGHTARG = int);
  CREATE VIEW writing AS SELECT writes() AS id;
  CREATE SCHEMA app;
  CREATE EXTENSION pgcrypto;
  CREATE FUNCTION random(text) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT writes()';
  CREATE FUNCTION app.pg_relation_size(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT writes()';
  CREATE FUNCTION app.writes_too() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
  CREATE TYPE pair AS (a int, b int);
  CREATE FUNCTION to_pair(orders) RETURNS pair LANGUAGE sql VOLATILE AS 'SELECT ROW(1, 2)::pair';
  CREATE CAST (orders AS pair) WITH FUNCTION to_pair(orders);
  CREATE FUNCTION locks(int, int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
    BEGIN PERFORM pg_advisory_lock(42); RETURN 1; END $$;
  CREATE AGGREGATE locked(int) (SFUNC = locks, STYPE = int, INITCOND = '0');
  CREATE FUNCTION ends(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT $1';
  CREATE AGGREGATE app.ended(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', FINALFUNC = ends);
  CREATE FUNCTION keeps(orders, orders) RETURNS orders LANGUAGE sql VOLATILE AS 'SELECT $1';
  CREATE AGGREGATE kept(orders) (SFUNC = keeps, STYPE = orders);
  CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
  CREATE FUNCTION reaches(orders, orders) RETURNS bool LANGUAGE sql VOLATILE AS 'SELECT true';
  CREATE OPERATOR >= (FUNCTION = reaches, LEFTARG = orders, RIGHTARG = orders);
`;

/** One database for the statements that leave it as it is. */
async function shared(t: TestContext): Promise<QueryBench> {
  return queryBench(t, { setUp });
}

/** What a statement must not have changed. */
async function state({ direct }: QueryBench): Promise<unknown> {
  return direct(
    "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT is_called FROM numbers) AS called, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks, to_regclass('public.made') AS made",
  );
}

/** Statements whose names only the database can resolve. */
const resolved: readonly (readonly [string, string, RegExp])[] = [
  ["a function that writes", "SELECT writes()", /writes\(\) is declared VOLATILE/],
  ["a function of another schema", "SELECT app.writes_too()", /writes_too/],
  ["one that is named like a harmless one", "SELECT random('x')", /random\(text\) is declared/],
  ["the same in another schema", "SELECT app.pg_relation_size(1)", /app\.pg_relation_size/],
  ["an operator that hides one", "SELECT 1 <<+>> 2", /hides/],
  ["a qualified operator", "SELECT 1 OPERATOR(public.<<+>>) 2", /hides/],
  ["a function as an attribute", "SELECT o.touched FROM orders o", /touched/],
  ["a function as an attribute of a row", "SELECT (o).touched FROM orders o", /touched/],
  ["a cast that calls one", "SELECT o::pair FROM orders o", /to_pair/],
  ["an aggregate whose state function is volatile", "SELECT locked(id) FROM orders", /locks/],
  ["such an aggregate over a window", "SELECT locked(id) OVER () FROM orders", /locks/],
  ["one whose final function is volatile", "SELECT app.ended(id) FROM orders", /ends/],
  ["an aggregate as an attribute", "SELECT o.kept FROM orders o", /keeps/],
  ["an operator that BETWEEN uses", "SELECT o BETWEEN o AND o FROM orders o", /reaches/],
  ["another spelling of a cast", "SELECT CAST(o AS public.pair) FROM orders o", /to_pair/],
];

describe("statements that are not run", () => {
  test("those that the parse tree shows do not reach the database", async (t) => {
    const bench = await shared(t);
    const before = await state(bench);
    for (const [name, sql] of refusals)
      assert.match((await bench.failure(sql)).code, /^sql-(refused|syntax)$/, name);
    assert.deepEqual(await state(bench), before);
  });

  test("functions that are declared VOLATILE are refused by the database, however they are called", async (t) => {
    const bench = await shared(t);
    const before = await state(bench);
    for (const [name, sql, message] of resolved) {
      const failure = await bench.failure(sql);
      assert.deepEqual([name, failure.code], [name, "sql-refused"]);
      assert.match(failure.message, message, name);
    }
    assert.deepEqual(await state(bench), before);
  });

  test("an aggregate with a volatile function can take a lock that remains, which the check prevents", async (t) => {
    const bench = await shared(t);
    const before = await state(bench);
    const locking = "SELECT locked(id) FROM orders";
    assert.equal((await bench.failure(locking)).code, "sql-refused");
    assert.deepEqual(await state(bench), before);
    await bench.hasura(locking, { read_only: true });
    assert.notDeepEqual(await state(bench), before);
  });

  test("a volatile operator = is refused wherever it is used without being written", async (t) => {
    const bench = await queryBench(t, {
      setUp: `CREATE TABLE orders (id int);
        CREATE FUNCTION equals(orders, orders) RETURNS bool LANGUAGE sql VOLATILE AS 'SELECT true';
        CREATE OPERATOR = (FUNCTION = equals, LEFTARG = orders, RIGHTARG = orders);`,
    });
    for (const sql of [
      "SELECT CASE o WHEN o THEN 1 END FROM orders o",
      "SELECT o IN (SELECT p FROM orders p) FROM orders o",
      "SELECT FROM (SELECT o FROM orders o) a JOIN (SELECT o FROM orders o) b USING (o)",
      "SELECT FROM (SELECT o FROM orders o) a NATURAL JOIN (SELECT o FROM orders o) b",
    ]) {
      const failure = await bench.failure(sql);
      assert.deepEqual([sql, failure.code], [sql, "sql-refused"]);
      assert.match(failure.message, /equals/);
    }
    assert.equal(
      (await bench.rows("SELECT CASE WHEN id > 1 THEN 1 END FROM orders")).rows.length,
      0,
    );
  });

  test("a function that is wrongly declared as reading cannot write", async (t) => {
    const bench = await shared(t);
    const before = await state(bench);
    const writing = await bench.failure("SELECT lies()");
    assert.deepEqual([writing.code, writing.sql?.sqlstate], ["sql-error", "0A000"]);
    const view = await bench.failure("SELECT * FROM writing");
    assert.deepEqual([view.code, view.sql?.sqlstate], ["sql-error", "25006"]);
    const opening = await bench.failure("SELECT opens(), lies()");
    assert.deepEqual([opening.code, opening.sql?.sqlstate], ["sql-error", "25001"]);
    assert.deepEqual(await state(bench), before);
  });

  test("standard_conforming_strings of the role cannot make a second statement out of a text", async (t) => {
    const bench = await shared(t);
    const name = new URL(bench.url).pathname.slice(1);
    await bench.direct(`ALTER DATABASE ${name} SET standard_conforming_strings = off`);
    const fresh = await queryBenchOn(t, bench.url);
    const hole = "SELECT '\\' || ' ; COMMIT; INSERT INTO orders VALUES (7); --'";
    const before = await state(bench);
    assert.equal((await fresh.failure(hole)).code, "sql-connection");
    assert.equal((await fresh.failure("SELECT 1")).code, "sql-connection");
    assert.deepEqual(await state(bench), before);
    // Without the check the same text writes: this is what the check is for.
    await fresh.hasura(hole, { read_only: true });
    assert.notDeepEqual(await state(bench), before);
  });
});

describe("statements that are run", () => {
  test("NULL is told apart from an empty text, and values are texts", async (t) => {
    const bench = await shared(t);
    const { columns, rows, cut } = await bench.rows("SELECT id, note FROM orders ORDER BY id");
    assert.deepEqual(
      [columns, rows, cut],
      [
        ["id", "note"],
        [
          ["1", "a"],
          ["2", null],
          ["3", ""],
        ],
        undefined,
      ],
    );
  });

  const reading: readonly (readonly [string, string, readonly (readonly (string | null)[])[]])[] = [
    ["VALUES", "VALUES (1, 'x')", [["1", "x"]]],
    ["TABLE", "TABLE orders LIMIT 1", [["1", "a"]]],
    ["a CTE", "WITH w AS (SELECT 1 AS a) SELECT * FROM w", [["1"]]],
    [
      "a recursive CTE",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT max(i) FROM n",
      [["3"]],
    ],
    ["SHOW", "SHOW search_path", [['"$user", public']]],
    ["a semicolon at the end", "SELECT 1;", [["1"]]],
    ["a semicolon and a comment at the end", "SELECT 1; -- done", [["1"]]],
    ["a comment at the end, which must not swallow what follows", "SELECT 1 -- comment", [["1"]]],
    ["a comment in front", "/* a */ -- b\nSELECT 1", [["1"]]],
    ["a block comment at the end", "SELECT 1 /* a /* b */ */", [["1"]]],
    ["two columns of one name", "SELECT 1 AS a, 2 AS a", [["1", "2"]]],
    ["no column", "SELECT", [[]]],
    ["no row", "SELECT 1 WHERE false", []],
    ["an aggregate of one's own that reads", "SELECT total(id) FROM orders", [["6"]]],
    ["a function of one's own that reads", "SELECT twice(21)", [["42"]]],
    [
      "a function as an attribute that reads",
      "SELECT o.label FROM orders o WHERE id = 1",
      [["label"]],
    ],
    [
      "a volatile function that changes nothing",
      "SELECT pg_catalog.random() < 2, clock_timestamp() IS NULL",
      [["t", "f"]],
    ],
    [
      "a volatile function of an extension that changes nothing",
      "SELECT length(gen_random_bytes(3))",
      [["3"]],
    ],
    ["a regular expression with backslashes", "SELECT 'a1' ~ '\\d'", [["t"]]],
    [
      "statements in a text",
      "SELECT 'a; DROP TABLE orders; --' AS s, $$; COMMIT;$$ AS d",
      [["a; DROP TABLE orders; --", "; COMMIT;"]],
    ],
    ["wide characters", "SELECT '漢字😀' AS \"ключ\"", [["漢字😀"]]],
    [
      "a name in the catalog",
      "SELECT count(*) FROM pg_catalog.pg_class WHERE relname = 'orders'",
      [["1"]],
    ],
    ["sizes", "SELECT pg_total_relation_size('orders') > 0", [["t"]]],
    [
      "names that look like the quotes of the check",
      `SELECT t."$hasura_migrate_check$;", t."a'\\b" FROM (VALUES (1, 2)) AS t ("$hasura_migrate_check$;", "a'\\b")`,
      [["1", "2"]],
    ],
  ];
  test("are those that read", async (t) => {
    const bench = await shared(t);
    for (const [name, sql, rows] of reading)
      assert.deepEqual([name, (await bench.rows(sql)).rows], [name, rows]);
    const plan = await bench.rows("EXPLAIN SELECT * FROM orders");
    assert.match(plan.rows[0]?.[0] ?? "", /Seq Scan on orders/);
    assert.ok((await bench.rows("SHOW ALL")).rows.length > 100);
  });

  test("leave nothing on the connection: neither settings nor a cursor", async (t) => {
    const bench = await shared(t);
    for (let i = 0; i < 3; i += 1) await bench.rows("SELECT 1");
    const { body } = await bench.hasura(
      "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), (SELECT count(*) FROM pg_cursors)",
    );
    assert.deepEqual(body, {
      result_type: "TuplesOk",
      result: [
        ["current_setting", "current_setting", "count"],
        ["0", "0", "0"],
      ],
    });
  });
});

describe("bounds", () => {
  test("10 million rows end after those that are asked for", async (t) => {
    const bench = await shared(t);
    const { rows, cut } = await bench.rows("SELECT * FROM generate_series(1, 10000000)", {
      limit: 10,
    });
    assert.deepEqual([rows.length, rows.at(-1), cut], [10, ["10"], "rows"]);
    const all = await bench.rows("SELECT * FROM generate_series(1, 10)", { limit: 10 });
    assert.deepEqual([all.rows.length, all.cut], [10, undefined]);
    assert.equal((await bench.rows("SELECT * FROM generate_series(1, 5000)")).rows.length, 1000);
  });

  test("a field of 100 MB never leaves the database", async (t) => {
    const bench = await shared(t);
    const failure = await bench.failure("SELECT repeat('x', 100000000)");
    assert.equal(failure.code, "sql-answer-too-large");
  });

  test("rows that are too large together are cut off, and this is reported", async (t) => {
    const bench = await shared(t);
    const large = await bench.rows(
      "SELECT i, repeat('x', 1000000) FROM generate_series(1, 100) AS i",
    );
    assert.deepEqual([large.rows.map(([i]) => i), large.cut], [["1", "2", "3", "4"], "size"]);
    const { columns } = await bench.rows(
      "SELECT repeat('x', 3000000) AS a FROM generate_series(1, 2)",
    );
    assert.deepEqual(columns, ["a"]);
  });

  test("a query waits one second for a locked table", async (t) => {
    const bench = await shared(t);
    const holder = new pg.Client({ connectionString: bench.url });
    await holder.connect();
    t.onTestFinished(() => holder.end());
    await holder.query("BEGIN; LOCK TABLE orders");
    const failure = await bench.failure("SELECT * FROM orders");
    assert.deepEqual([failure.code, failure.sql?.sqlstate], ["sql-error", "55P03"]);
    assert.ok(failure.hints.some((hint) => hint.kind === "command" && hint.argv[1] === "locks"));
  });

  test("an error of the database has its SQLSTATE and its position", async (t) => {
    const bench = await shared(t);
    const failure = await bench.failure("SELECT\n  missing\nFROM orders");
    assert.deepEqual(
      [failure.code, failure.sql?.sqlstate, failure.sql?.place?.line, failure.sql?.place?.column],
      ["sql-error", "42703", 2, 3],
    );
  });
});

describe("the record of a query", () => {
  test("has who asked and the hash of the statement, and not its text", async (t) => {
    const bench = await shared(t);
    await ledgerIn(bench);
    const sql = "SELECT 'top-secret-77' AS a";
    const events = await bench.events(sql, {}, true);
    assert.equal(events.at(-1)?.type, "run.finished");
    const [row] = await bench.direct("SELECT * FROM hasura_migrate.run");
    assert.deepEqual(
      [row?.["operation"], row?.["outcome"], row?.["options"], row?.["request_id"]],
      [
        "sql",
        "finished",
        { statement: createHash("sha256").update(sql).digest("hex") },
        "request-1",
      ],
    );
    assert.doesNotMatch(JSON.stringify(row), /top-secret-77/);
  });

  test("has how a query failed, without what the database says about it", async (t) => {
    const bench = await shared(t);
    await ledgerIn(bench);
    await bench.events("SELECT 'top-secret-77'::int", {}, true);
    const rows = await bench.direct("SELECT * FROM hasura_migrate.run");
    assert.deepEqual(
      rows.map((row) => row["outcome"]),
      ["usage/sql-error"],
    );
    assert.doesNotMatch(JSON.stringify(rows), /top-secret-77/);
  });

  test("does not exist for a statement that was not run, and no migration waits for it", async (t) => {
    const bench = await shared(t);
    await ledgerIn(bench);
    await bench.events("DELETE FROM orders", {}, true);
    await bench.events("SELECT 1", {}, true);
    const [row] = await bench.direct(
      "SELECT count(*)::int AS runs, (SELECT count(*)::int FROM hasura_migrate.live_runs(60000)) AS live FROM hasura_migrate.run",
    );
    assert.deepEqual(row, { runs: 1, live: 0 });
  });

  test("is only in the log if the database has no ledger, and this is reported", async (t) => {
    const bench = await shared(t);
    const events = await bench.events("SELECT 1", {}, true);
    assert.ok(events.some((event) => event.type === "log" && event.code === "query-not-recorded"));
    assert.equal(events.at(-1)?.type, "run.finished");
  });
});

/** Creates the ledger. */
async function ledgerIn({ url }: QueryBench): Promise<void> {
  await query(url, `BEGIN; ${installationSql}; COMMIT`);
}

/** The same database behind another Hasura, whose connections are new. */
async function queryBenchOn(t: TestContext, url: string): Promise<QueryBench> {
  return queryBench(t, { metadataUrl: url, sources: [{ name: "default", kind: "postgres", url }] });
}
