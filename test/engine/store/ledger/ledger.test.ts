import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EngineContext } from "../../../../src/engine/execute.ts";
import { query } from "../../../support/postgres.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import { requestFor } from "../../support/run.ts";

describe("ledger", () => {
  test("a migration and its record are one transaction, and the catalog state follows", async (t) => {
    const it = await ledgerBench(t);
    const ran = await it.run({
      "1_a/up": "CREATE TABLE a AS SELECT txid_current() AS txid;",
      "1_a/down": "DROP TABLE a",
      "2_b/up": "CREATE TABLE b (id int) -- end",
    });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(
      [versions(ran), await it.ledger(), await it.catalog()],
      [
        ["1", "2"],
        ["1", "2"],
        ["1", "2"],
      ],
    );
    const [row] = await query(
      it.url,
      "SELECT m.txid = a.txid AS same, m.down_sql FROM hasura_migrate.migration m, a WHERE version = 1",
    );
    assert.deepEqual([row?.["same"], row?.["down_sql"]], [true, "DROP TABLE a"]);
    const again = await it.run({ "1_a/up": "SELECT 1/0", "2_b/up": "SELECT 1/0" });
    assert.deepEqual([again.failure, versions(again)], [undefined, []]);
  });

  describe("a version that is marked as applied without its file", () => {
    const half = {
      "1_x/up": "CREATE TABLE a (id int); COMMIT; SELECT 1/0",
      "1_x/down": "DROP TABLE a",
    };
    const other = { "2_y/up": "SELECT 1" };
    const recorded = async ({ url }: LedgerBench) => {
      const [row] = await query(
        url,
        "SELECT name, checksum, down_sql FROM hasura_migrate.migration WHERE version = 1",
      );
      return row;
    };

    test("keeps what was recorded when it began", async (t) => {
      const it = await ledgerBench(t);
      await it.run(half);
      const [running] = await query(
        it.url,
        "SELECT name, checksum, down_sql FROM hasura_migrate.running",
      );
      assert.equal(running?.["down_sql"], "DROP TABLE a");
      const marked = await it.run(other, asked("mark", { inDoubt: true, as: "applied" }));
      assert.equal(marked.failure, undefined, marked.failure?.message);
      assert.deepEqual(await recorded(it), running);
    });

    test("keeps what was recorded when it was applied, if its rollback was interrupted", async (t) => {
      const it = await ledgerBench(t);
      const files = { "1_x/up": "CREATE TABLE a (id int)", "1_x/down": "COMMIT; SELECT 1/0" };
      await it.run(files);
      const applied = await recorded(it);
      assert.equal((await it.run(files, asked("down", { steps: 1 }))).failure?.code, "interrupted");
      await it.run(other, asked("mark", { inDoubt: true, as: "applied" }));
      assert.deepEqual(await recorded(it), applied);
    });

    test("has nothing of it if it is recorded as pending", async (t) => {
      const it = await ledgerBench(t);
      await it.run(half);
      await it.run(other, asked("mark", { inDoubt: true, as: "pending" }));
      assert.equal(await recorded(it), undefined);
      await it.run(other, asked("mark", { versions: ["2"], as: "applied" }));
      assert.deepEqual(await it.ledger(), ["2"]);
    });
  });

  const fighting: [
    name: string,
    up: string,
    outcome: "applied" | "failed" | "interrupted",
    tables: string[],
  ][] = [
    ["BEGIN; …; COMMIT;", "BEGIN; CREATE TABLE a (id int); COMMIT;", "applied", ["a"]],
    [
      "a COMMIT and then an error",
      "CREATE TABLE a (id int); COMMIT; SELECT 1/0",
      "interrupted",
      ["a"],
    ],
    [
      "a ROLLBACK in the middle",
      "CREATE TABLE a (id int); ROLLBACK; CREATE TABLE b (id int)",
      "failed",
      [],
    ],
    [
      "a pg_dump header",
      "SELECT pg_catalog.set_config('search_path', '', false); SET statement_timeout = 0; CREATE TABLE public.a (id int)",
      "applied",
      ["a"],
    ],
    ["a last comment without newline", "CREATE TABLE a (id int) -- the end", "applied", ["a"]],
    ["an open comment", "CREATE TABLE a (id int); /* open", "failed", []],
    ["an open dollar quote", "DO $$ BEGIN", "failed", []],
    ["COPY FROM STDIN", "CREATE TABLE a (id int); COPY a FROM STDIN;", "failed", []],
    [
      "a deferred constraint that fails at COMMIT",
      "CREATE TABLE a (id int REFERENCES a2 DEFERRABLE INITIALLY DEFERRED); INSERT INTO a VALUES (1)",
      "failed",
      [],
    ],
    ["only comments", "-- nothing\n/* at all */", "applied", []],
  ];
  for (const [name, up, outcome, tables] of fighting) {
    test(`a file with ${name} ends as ${outcome}, and the next file starts clean`, async (t) => {
      const it = await ledgerBench(t);
      await query(
        it.url,
        "CREATE SCHEMA other; CREATE TABLE other.x (); CREATE TABLE public.a2 (id int PRIMARY KEY)",
      );
      const ran = await it.run({ "1_x/up": up, "2_next/up": "CREATE TABLE next (id int)" });
      const expected = outcome === "applied" ? ["1", "2"] : [];
      assert.deepEqual(versions(ran), expected, JSON.stringify(ran.failure));
      assert.deepEqual(await it.ledger(), expected);
      const found = await query(
        it.url,
        "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'a2' ORDER BY 1",
      );
      assert.deepEqual(
        found.map((row) => row["name"]),
        [...tables, ...(outcome === "applied" ? ["next"] : [])],
      );
      if (outcome !== "interrupted") return;
      const status = await it.run({ "1_x/up": up }, asked("status"));
      assert.equal(status.of("status")[0]?.databases[0]?.migrations[0]?.state, "interrupted");
      const again = await it.run({ "1_x/up": up });
      assert.deepEqual([again.failure?.kind, again.failure?.code], ["migration", "interrupted"]);
      const marked = await it.run(
        { "1_x/up": up },
        asked("mark", { versions: ["1"], as: "applied" }),
      );
      assert.equal(marked.failure, undefined, marked.failure?.message);
      assert.deepEqual([await it.ledger(), await it.catalog()], [["1"], ["1"]]);
    });
  }

  test("eight runs at once on an empty database apply each migration once in total", async (t) => {
    const it = await ledgerBench(t);
    const ups = Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [
        `${String(i + 1)}_m/up`,
        `CREATE TABLE IF NOT EXISTS log (v int); INSERT INTO log VALUES (${String(i + 1)})`,
      ]),
    );
    const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms / 20));
    const all = await Promise.all(
      Array.from({ length: 8 }, () => it.run(ups, asked("apply"), { sleep })),
    );
    assert.deepEqual(
      all.map((ran) => ran.failure?.message),
      Array.from({ length: 8 }, () => undefined),
    );
    assert.deepEqual(
      (await query(it.url, "SELECT v FROM log ORDER BY v")).map((row) => row["v"]),
      [1, 2, 3, 4, 5, 6],
    );
    assert.equal(all.flatMap(versions).length, 6);
  });

  test("a COMMIT that reported success but did nothing is noticed and replanned", async (t) => {
    let left = 1;
    const it = await ledgerBench(t, {
      faults: {
        beforeMessage: (kind, _sql, session) => {
          if (kind === "commit" && left-- === 1) session.cut();
        },
      },
    });
    const ran = await it.run({
      "1_a/up": "CREATE TABLE a (id int)",
      "2_b/up": "CREATE TABLE b (id int)",
    });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    assert.equal(ran.of("run.finished")[0]?.applied, 2);
  });

  test("past runs are listed, and listing a run does not end it", async (t) => {
    const it = await ledgerBench(t);
    const apply = asked("apply");
    await it.run({ "1_a/up": "CREATE TABLE a (id int)" }, apply);
    await query(it.url, "UPDATE hasura_migrate.run SET ended_at = NULL, outcome = NULL");
    const ran = await it.run({ "1_a/up": "" }, { ...requestFor("history"), runId: apply.runId });
    const [row] = ran.of("history")[0]?.runs ?? [];
    assert.deepEqual(
      [row?.runId, row?.user, row?.live, row?.outcome],
      [apply.runId, "ada", true, undefined],
    );
    assert.deepEqual(
      row?.migrations.map(({ version, change }) => [version, change]),
      [["1", "up"]],
    );
    assert.deepEqual(await query(it.url, "SELECT ended_at FROM hasura_migrate.run"), [
      { ended_at: null },
    ]);
  });

  test("a cancelled run ends before its next migration", async (t) => {
    const it = await ledgerBench(t);
    const apply = asked("apply");
    const emit: EngineContext["emit"] = async (event) => {
      if (event.type === "migration.applied")
        await it.run({ "1_a/up": "" }, asked("cancel", { run: apply.runId }));
    };
    const ran = await it.run(
      { "1_a/up": "CREATE TABLE a (id int)", "2_b/up": "CREATE TABLE b (id int)" },
      apply,
      { emit },
    );
    assert.deepEqual([versions(ran), await it.ledger()], [["1"], ["1"]]);
    const [end] = ran.of("run.finished");
    assert.deepEqual([end?.cancelled, end?.applied, end?.notReached], [true, 1, 1]);
  });

  test("a migration that would pass the deadline is cancelled from outside and rolled back", async (t) => {
    const it = await ledgerBench(t);
    let left = 90_000;
    const sleep: EngineContext["sleep"] = async (ms, signal) => {
      // The only long pause is the deadline's own: time jumps to it once the statement is at work.
      if (ms >= 50_000) {
        while (
          (
            await query(
              it.url,
              "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()",
            )
          ).length === 0
        );
        left = 20_000;
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, 1);
        signal?.addEventListener("abort", () => {
          clearTimeout(timer);
          done();
        });
      });
    };
    const ran = await it.run(
      { "1_a/up": "CREATE TABLE a (id int); SELECT pg_sleep(60)" },
      asked("apply"),
      {
        sleep,
        remainingMs: () => left,
      },
    );
    assert.deepEqual(
      [ran.failure?.kind, ran.failure?.code],
      ["unreachable", "deadline"],
      JSON.stringify(ran.failure),
    );
    assert.deepEqual(
      [await it.ledger(), await query(it.url, "SELECT to_regclass('public.a') AS a")],
      [[], [{ a: null }]],
    );
  });
});
