import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { hintText } from "../../../src/cli/output/hints.ts";
import { lookUpIndexes } from "../../../src/engine/run/invalid-indexes.ts";
import { concurrentIndex } from "../../../src/engine/sql/concurrent-indexes.ts";
import { statementsOf } from "../../../src/engine/sql/statements.ts";
import { freshDatabase, query } from "../../support/postgres.ts";
import { ledgerBench } from "../support/ledger-bench.ts";
import { catalogStore } from "../../../src/engine/store/catalog/catalog-store.ts";
import pg from "pg";

const table = "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1);";
const file =
  "-- hasura:no-transaction\nALTER TABLE a ADD b int;\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_id ON a (id);\nSELECT 1;";
const invalid =
  'The index "public"."a_id" was left invalid, and IF NOT EXISTS would skip it. Before the next attempt: DROP INDEX CONCURRENTLY "public"."a_id";';
const progress =
  /^Statement 2 of 3 \(line 3\) failed; statement 1 \(line 2\) is committed; the rest was not run\./;

describe("CREATE INDEX CONCURRENTLY that fails", () => {
  for (const [store, more, code] of [
    ["a ledger", {}, "interrupted"],
    ["the catalog state alone", { openStore: catalogStore }, "sql-failed"],
  ] as const)
    test(`with ${store}: the failure names the index left behind, and what is committed`, async (t) => {
      const it = await ledgerBench(t);
      const { failure } = await it.run({ "1_a/up": table, "2_b/up": file }, undefined, more);
      assert.equal(failure?.code, code);
      const [first = "", second] = failure.hints.map((hint) => hintText(hint));
      assert.match(first, progress);
      assert.equal(second, invalid);
    });

  test("the same file then succeeds, with a notice that the index is still invalid", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ "1_a/up": table, "2_b/up": file }, undefined, { openStore: catalogStore });
    const again = file.replace("ADD b int", "ADD IF NOT EXISTS b int");
    const ran = await it.run({ "1_a/up": table, "2_b/up": again }, undefined, {
      openStore: catalogStore,
    });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.match(ran.of("migration.applied")[0]?.notices?.[0] ?? "", /"a_id" is invalid/);
  });
});

describe("looking up indexes", () => {
  const lookUp = async (url: string, sql: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const state = await lookUpIndexes(
        statementsOf(sql).flatMap((statement) => concurrentIndex(statement) ?? []),
        async (text) => {
          const { rows } = await client.query<string[]>({
            text,
            rowMode: "array",
            types: { getTypeParser: () => (value: string) => value },
          });
          return { columns: [], rows };
        },
      );
      assert.ok(state);
      return state;
    } finally {
      await client.end();
    }
  };
  const named = async (url: string, sql: string): Promise<string[]> =>
    (await lookUp(url, sql)).invalid.map(({ name }) => name);

  test("finds only indexes that the statement can have left behind", async (t) => {
    const url = await freshDatabase(t);
    await query(
      url,
      `CREATE SCHEMA app; CREATE TABLE app.a (id int, b int); CREATE TABLE other (id int);
      CREATE INDEX i ON app.a (id); CREATE INDEX "J j" ON app.a (b); CREATE INDEX i_ccnew ON app.a (id);
      CREATE INDEX good ON app.a (id); CREATE INDEX o ON other (id);
      CREATE TABLE parts (id int) PARTITION BY RANGE (id); CREATE INDEX p ON ONLY parts (id);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
      UPDATE pg_index SET indisvalid = false
      WHERE indexrelid::regclass::text IN ('app.i', 'app."J j"', 'app.i_ccnew', 'o')`,
    );
    const found: readonly [string, string[]][] = [
      ["CREATE INDEX CONCURRENTLY i ON app.a (id)", ['"app"."i"']],
      ['CREATE INDEX CONCURRENTLY "J j" ON app.a (id)', ['"app"."J j"']],
      ["CREATE INDEX CONCURRENTLY good ON app.a (id)", []],
      ["CREATE INDEX CONCURRENTLY i ON other (id)", []],
      ["CREATE INDEX CONCURRENTLY ON other (id)", ['"public"."o"']],
      ["CREATE INDEX CONCURRENTLY ON parts (id)", []],
      ["DROP INDEX CONCURRENTLY app.i", ['"app"."i"']],
      ["DROP INDEX CONCURRENTLY app.good", []],
      ["REINDEX INDEX CONCURRENTLY app.i", ['"app"."i_ccnew"']],
      ["REINDEX TABLE CONCURRENTLY app.a", ['"app"."i_ccnew"']],
      ["REINDEX TABLE CONCURRENTLY other", []],
      ["REINDEX SCHEMA CONCURRENTLY app", ['"app"."i_ccnew"']],
      ["REINDEX SCHEMA CONCURRENTLY public", []],
      ["REINDEX DATABASE CONCURRENTLY", ['"app"."i_ccnew"']],
    ];
    for (const [sql, names] of found) assert.deepEqual(await named(url, sql), names, sql);
    const all = await lookUp(url, found.map(([sql]) => sql).join(";"));
    assert.deepEqual([all.invalid.length, all.unknown], [4, []]);
  });

  test("a table that is not in the search_path is unknown; one with a schema is not", async (t) => {
    const url = await freshDatabase(t);
    const unknown = async (sql: string): Promise<number> => (await lookUp(url, sql)).unknown.length;
    assert.deepEqual(
      [
        await unknown("CREATE INDEX CONCURRENTLY i ON nowhere (id)"),
        await unknown("CREATE INDEX CONCURRENTLY i ON public.nowhere (id)"),
        await unknown("DROP INDEX CONCURRENTLY i"),
      ],
      [1, 0, 0],
    );
  });

  test("an index whose table another session is working on is in use", async (t) => {
    const url = await freshDatabase(t);
    await query(
      url,
      "CREATE TABLE a (id int); CREATE INDEX i ON a (id); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass",
    );
    const isInUse = async (): Promise<unknown> =>
      (await lookUp(url, "CREATE INDEX CONCURRENTLY i ON a (id)")).invalid[0]?.isInUse;
    assert.equal(await isInUse(), false);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("BEGIN; LOCK TABLE a IN SHARE UPDATE EXCLUSIVE MODE");
    assert.equal(await isInUse(), true);
    await client.end();
  });
});
