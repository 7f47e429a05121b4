import assert from "node:assert/strict";
import pg from "pg";
import { describe, test, type TestContext } from "vitest";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import { lockClass, lockId } from "../../../src/engine/store/ledger/constants.ts";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import { startTestApi } from "../../support/hasura-api.ts";
import { freshDatabase, query } from "../../support/postgres.ts";
import { asked, ledgerBench, type LedgerBench } from "../support/ledger-bench.ts";
import { withLedger } from "../support/ledger.ts";
import { projectOnDisk, run, type Ran } from "../support/run.ts";

const applied = {
  "1_tables/up": `CREATE TABLE people (id int PRIMARY KEY, name text);
    CREATE TABLE pets (id int PRIMARY KEY, owner int REFERENCES people DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO people VALUES (1, 'ada'), (2, 'bob');`,
};

/** A database with the first migration. */
async function bench(t: TestContext): Promise<LedgerBench> {
  const started = await ledgerBench(t);
  assert.equal((await started.run(applied)).failure, undefined);
  return started;
}

const rehearse = (
  { run: start }: LedgerBench,
  pending: Record<string, string>,
  more: Parameters<LedgerBench["run"]>[2] = {},
): Promise<Ran> => start({ ...applied, ...pending }, asked("rehearse"), more);

/** What is in the database, apart from the ledger's own record of runs. */
async function contents({ url, ledger, catalog }: LedgerBench): Promise<unknown> {
  return [
    await query(
      url,
      "SELECT relname::text, relkind, relfilenode FROM pg_class WHERE oid >= 16384 AND relname !~ '^pg_toast' AND relnamespace = 'public'::regnamespace ORDER BY 1",
    ),
    await query(url, "SELECT * FROM people ORDER BY id"),
    await ledger(),
    await catalog(),
  ];
}

/** What a rehearsal reported, in short. */
function report(ran: Ran, database = "default"): object {
  const [event] = ran.of("rehearsal").filter((each) => each.database === database);
  assert.ok(event, JSON.stringify(ran.events.at(-1)));
  const { migrations, failed, notRun } = event;
  return {
    ran: migrations.map(({ name, locks }) => [
      name,
      ...locks.map(({ relation, mode }) => `${relation} ${mode}`),
    ]),
    ...(failed && { failed: failed.name }),
    ...(notRun.length > 0 && { notRun: notRun.map(({ name, reason }) => `${name}: ${reason}`) }),
  };
}

const failureOf = ({ failure }: Ran): unknown[] => [
  failure?.code,
  failure?.sql?.sqlstate,
  failure?.sql?.place && `${failure.sql.place.line}:${failure.sql.place.column}`,
];

describe("a rehearsal", () => {
  test("runs all pending migrations, reports time and locks of each, and leaves nothing behind", async (t) => {
    const started = await bench(t);
    const before = await contents(started);
    const changes: string[] = [];
    const hasura: Hasura = {
      ...started.hasura,
      reloadMetadata: (sources) => {
        changes.push("reload");
        return started.hasura.reloadMetadata(sources);
      },
      exchangeCatalogState: (next) => {
        changes.push("catalog state");
        return started.hasura.exchangeCatalogState(next);
      },
    };
    const ran = await rehearse(
      started,
      {
        "2_note/up":
          "ALTER TABLE people ADD note text;\nCREATE INDEX people_note ON people (note);",
        "3_rows/up": "UPDATE people SET note = name;\nINSERT INTO pets VALUES (1, 1);",
        "4_new/up": "CREATE TABLE notes (id int, person int REFERENCES people);\nDROP TABLE pets;",
        "5_empty/up": "-- nothing yet",
      },
      { hasura },
    );
    assert.equal(ran.failure, undefined);
    assert.deepEqual(report(ran), {
      ran: [
        ["note", "public.people ACCESS EXCLUSIVE"],
        ["rows", "public.people ROW EXCLUSIVE", "public.pets ROW EXCLUSIVE"],
        ["new", "public.pets ACCESS EXCLUSIVE", "public.people SHARE ROW EXCLUSIVE"],
        ["empty"],
      ],
    });
    assert.ok(
      ran.of("rehearsal")[0]?.migrations.every(({ tookMs }) => tookMs >= 0 && tookMs < 5000),
    );
    assert.deepEqual(await contents(started), before);
    assert.deepEqual(changes, []);
    assert.deepEqual(
      ran.events.map(({ type }) => type).filter((type) => type.startsWith("migration.")),
      [],
    );
  });

  test("ends with the first error, at its exact position", async (t) => {
    const started = await bench(t);
    const before = await contents(started);
    const ran = await rehearse(started, {
      "2_ok/up": "CREATE TABLE a (n int);\nINSERT INTO a VALUES (0);",
      "3_fails/up": "SELECT 1;\nSELECT 1 / n FROM a;\nSELECT 2 / n FROM a;",
      "4_later/up": "SELECT 1;",
    });
    assert.deepEqual(report(ran), {
      ran: [["ok"]],
      failed: "fails",
      notRun: ["later: it comes after 3_fails"],
    });
    assert.deepEqual(failureOf(ran), ["rehearsal-failed", "22012", "2:1"]);
    assert.match(
      ran.failure?.message ?? "",
      /3_fails\/up\.sql failed in the rehearsal: division by zero/,
    );
    assert.deepEqual(await contents(started), before);
  });

  test("shows the place of a syntax error", async (t) => {
    const ran = await rehearse(await bench(t), { "2_a/up": "SELECT 1;\nSELECT (2;" });
    assert.deepEqual(failureOf(ran), ["rehearsal-failed", "42601", "2:10"]);
  });

  test("never shows a password", async (t) => {
    const ran = await rehearse(await bench(t), {
      "2_a/up": "SELECT 1;\nDO $$ BEGIN RAISE EXCEPTION 'no postgres://u:p4ssw0rd@host/'; END $$;",
    });
    assert.deepEqual(failureOf(ran), ["rehearsal-failed", "P0001", "2:1"]);
    assert.equal(JSON.stringify(ran.events).includes("p4ssw0rd"), false);
  });

  for (const [what, pending] of [
    [
      "settings and the role",
      {
        "2_a/up":
          "SET search_path = ''; SET app.tenant = 'x'; SET statement_timeout = 1; SET ROLE pg_monitor;",
        "3_b/up":
          "CREATE TABLE b (id int); SELECT pg_sleep(0.01); SELECT 1 / (CASE WHEN current_setting('app.tenant', true) = 'x' THEN 0 ELSE 1 END);",
      },
    ],
    [
      "deferred constraints, which are checked",
      {
        "2_a/up": "INSERT INTO pets VALUES (1, 9); INSERT INTO people VALUES (9, 'eve');",
        "3_b/up": "ALTER TABLE pets ADD name text;",
        "4_c/up": "INSERT INTO pets VALUES (2, 10); INSERT INTO people VALUES (10, 'joe');",
      },
    ],
    [
      "the mode of constraints",
      {
        "2_a/up": "SET CONSTRAINTS ALL IMMEDIATE;",
        "3_b/up": "INSERT INTO pets VALUES (1, 9); INSERT INTO people VALUES (9, 'eve');",
      },
    ],
  ] as const)
    test(`begins each migration as its own transaction would: ${what}`, async (t) => {
      const ran = await rehearse(await bench(t), pending);
      assert.equal(ran.failure?.message, undefined);
      assert.equal(ran.of("rehearsal")[0]?.migrations.length, Object.keys(pending).length);
    });

  test("fails where a deferred constraint would fail at the commit", async (t) => {
    const ran = await rehearse(await bench(t), {
      "2_a/up": "INSERT INTO pets VALUES (1, 1);\nINSERT INTO pets VALUES (2, 9);",
      "3_b/up": "INSERT INTO people VALUES (9, 'eve');",
    });
    assert.deepEqual(
      [report(ran), failureOf(ran)],
      [
        { ran: [], failed: "a", notRun: ["b: it comes after 2_a"] },
        ["rehearsal-failed", "23503", undefined],
      ],
    );
  });

  for (const [what, up, reason] of [
    [
      "runs outside a transaction",
      "-- hasura:no-transaction\nVACUUM people;",
      "it runs outside a transaction",
    ],
    [
      "commits",
      "INSERT INTO people VALUES (3, 'x');\nCOMMIT;",
      "its file has transaction statements of its own",
    ],
    [
      "uses dblink",
      "SELECT dblink_exec('dbname=x', 'SELECT 1');",
      "its file calls dblink_exec, whose effect a rollback does not undo",
    ],
  ] as const)
    test(`stops before a migration that ${what}, and names the rest`, async (t) => {
      const started = await bench(t);
      const before = await contents(started);
      const ran = await rehearse(started, {
        "2_a/up": "SELECT 1;",
        "3_b/up": up,
        "4_c/up": "SELECT 1;",
      });
      assert.equal(ran.failure, undefined);
      assert.deepEqual(report(ran), {
        ran: [["a"]],
        notRun: [`b: ${reason}`, "c: it comes after 3_b"],
      });
      assert.deepEqual(await contents(started), before);
    });

  test("stops before a migration that would set a sequence back", async (t) => {
    const started = await bench(t);
    await query(started.url, "CREATE SEQUENCE numbers; SELECT setval('numbers', 50)");
    const ran = await rehearse(started, { "2_a/up": "SELECT setval('numbers', 1, false);" });
    assert.deepEqual(report(ran), {
      ran: [],
      notRun: ["a: its file calls setval, whose effect a rollback does not undo"],
    });
    assert.deepEqual(await query(started.url, "SELECT last_value::int FROM numbers"), [
      { last_value: 50 },
    ]);
  });

  describe("with a new value of an enum", () => {
    const added = { "2_add/up": "ALTER TYPE mood ADD VALUE 'happy';" };
    const uses = "INSERT INTO moods VALUES ('happy');";
    const reason = "it uses an enum value that is new until its transaction has been committed";

    async function moods(t: TestContext, pending: Record<string, string>): Promise<Ran> {
      const started = await bench(t);
      await query(started.url, "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE moods (m mood)");
      return rehearse(started, pending);
    }

    test("stops before the migration that uses it, which does not fail when it is applied", async (t) => {
      const ran = await moods(t, { ...added, "3_use/up": uses, "4_last/up": "SELECT 1;" });
      assert.equal(ran.failure, undefined);
      assert.deepEqual(report(ran), {
        ran: [["add"]],
        notRun: [`use: ${reason}`, "last: it comes after 3_use"],
      });
    });

    test("stops before a migration that creates the enum, adds the value and uses it", async (t) => {
      const ran = await moods(t, {
        "2_all/up":
          "CREATE TYPE size AS ENUM ('s'); ALTER TYPE size ADD VALUE 'm'; SELECT 'm'::size;",
      });
      assert.deepEqual(
        [ran.failure, report(ran)],
        [undefined, { ran: [], notRun: [`all: ${reason}`] }],
      );
    });

    test("fails where the same migration adds and uses it", async (t) => {
      const ran = await moods(t, { "2_both/up": `${added["2_add/up"]}\n${uses}` });
      assert.deepEqual(failureOf(ran), ["rehearsal-failed", "55P04", "2:1"]);
    });
  });

  for (const [what, up, state] of [
    [
      "a procedure that commits",
      "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN INSERT INTO people VALUES (3, ''x''); COMMIT; END'; CALL p();",
      "2D000",
    ],
    [
      "a DO block that commits",
      "INSERT INTO people VALUES (3, 'x'); DO 'BEGIN COMMIT; END';",
      "2D000",
    ],
    [
      "a COMMIT as dynamic SQL",
      "INSERT INTO people VALUES (3, 'x'); DO $$ BEGIN EXECUTE 'COMMIT'; END $$;",
      "0A000",
    ],
    [
      "a COMMIT that is hidden from the parser",
      "INSERT INTO people VALUES (3, 'x'); SELECT (1; COMMIT;",
      "42601",
    ],
  ] as const)
    test(`cannot be committed by ${what}`, async (t) => {
      const started = await bench(t);
      const before = await contents(started);
      const ran = await rehearse(started, { "2_a/up": up });
      assert.deepEqual(
        [ran.failure?.code, ran.failure?.sql?.sqlstate],
        ["rehearsal-failed", state],
      );
      assert.deepEqual(await contents(started), before);
    });

  test("is refused in a protected environment, before anything is run", async (t) => {
    const started = await bench(t);
    const ran = await rehearse(started, { "2_a/up": "SELECT 1;" }, { protected: true });
    assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["usage", "rehearsal-refused"]);
    assert.deepEqual(ran.of("rehearsal"), []);
  });

  test("is refused while another run is in the middle of a migration", async (t) => {
    const started = await bench(t);
    const other = await sessionOn(t, started.url);
    await other.query("SELECT pg_advisory_lock($1, $2)", [lockClass, lockId.migration]);
    const ran = await rehearse(started, { "2_a/up": "SELECT 1;" });
    assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["busy", "busy"]);
  });

  test("waits two seconds for a lock, whatever the file sets before, then suggests how to find its holder", async (t) => {
    const started = await bench(t);
    const other = await sessionOn(t, started.url);
    await other.query("BEGIN; LOCK TABLE people");
    const ran = await rehearse(started, {
      "2_a/up": "-- hasura-migrate: lock_timeout=1h\nSELECT 1;\nSELECT * FROM people;",
    });
    assert.deepEqual(failureOf(ran), ["rehearsal-failed", "55P03", "3:1"]);
    assert.match(JSON.stringify(ran.failure?.hints), /"locks","dev-3"/);
    await other.query("ROLLBACK");
  });

  test("that somebody cancels is cancelled, and has not failed", async (t) => {
    const started = await bench(t);
    const before = await contents(started);
    const rehearsing = rehearse(started, { "2_a/up": "DROP TABLE pets;\nSELECT pg_sleep(60);" });
    let cancelled: readonly string[] = [];
    while (cancelled.length === 0)
      cancelled = (await started.run(applied, asked("cancel")))
        .of("cancel.requested")
        .flatMap(({ runs }) => runs);
    const ran = await rehearsing;
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(
      ran.of("run.finished").map((end) => end.cancelled),
      [true],
    );
    assert.deepEqual(await contents(started), before);
  });

  test("ends before the function's time is over, and no file can prevent it", async (t) => {
    const started = await bench(t);
    const ran = await rehearse(
      started,
      { "2_a/up": "SET statement_timeout = 0;\nSELECT pg_sleep(60);" },
      { remainingMs: () => 15_500 },
    );
    assert.deepEqual(failureOf(ran), ["rehearsal-failed", "57014", "2:1"]);
    const late = await rehearse(started, { "2_a/up": "SELECT 1;" }, { remainingMs: () => 14_000 });
    assert.equal(late.failure?.code, "deadline");
  });

  test("rolls back each database on its own, and one that fails does not stop the next", async (t) => {
    const [first, second] = [await freshDatabase(t), await freshDatabase(t)];
    const sources = [
      { name: "first", kind: "postgres", url: first },
      { name: "second", kind: "postgres", url: second },
    ] as const;
    const api = await startTestApi(t, { metadataUrl: first, sources: [...sources] });
    const hasura = hasuraOverHttp({
      endpoint: api.url,
      adminSecret: () => Promise.resolve(api.adminSecret),
    });
    t.onTestFinished(() => hasura.close());
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 3\n",
      "migrations/first/1_a/up.sql": "CREATE TABLE a (id int);\nSELECT 1 / 0;",
      "migrations/second/1_b/up.sql": "CREATE TABLE b (id int);",
    });
    const ran = await run(hasura, root, asked("rehearse"), withLedger());
    assert.deepEqual(report(ran, "first"), { ran: [], failed: "a" });
    assert.deepEqual(report(ran, "second"), { ran: [["b"]] });
    assert.deepEqual(failureOf(ran), ["rehearsal-failed", "22012", "2:1"]);
    for (const url of [first, second])
      assert.deepEqual(
        await query(url, "SELECT relname FROM pg_class WHERE relname IN ('a', 'b')"),
        [],
      );
  });

  test("needs no ledger", async (t) => {
    const { hasura, url } = await ledgerBench(t);
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 3\n",
      "migrations/default/1_a/up.sql": "CREATE TABLE a (id int);",
    });
    const ran = await run(hasura, root, asked("rehearse"));
    assert.deepEqual(report(ran), { ran: [["a"]] });
    assert.deepEqual(await query(url, "SELECT relname FROM pg_class WHERE relname = 'a'"), []);
  });
});

async function sessionOn(t: TestContext, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.onTestFinished(() => client.end());
  return client;
}
