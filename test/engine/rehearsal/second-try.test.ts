import assert from "node:assert/strict";
import pg from "pg";
import { describe, test, type TestContext } from "vitest";
import type { EngineContext } from "../../../src/engine/context.ts";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import { lockClass, lockId } from "../../../src/engine/store/ledger/constants.ts";
import { query } from "../../support/postgres.ts";
import { asked, ledgerBench, type LedgerBench } from "../support/ledger-bench.ts";
import type { Ran } from "../support/run.ts";
import { failingFiles, schema } from "./support/failing-files.ts";

const secondTry = { secondTry: true };

async function bench(t: TestContext): Promise<LedgerBench> {
  const started = await ledgerBench(t);
  await query(started.url, schema.replace(/CREATE ROLE reader;/, ""));
  await query(
    started.url,
    "DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
  );
  return started;
}

/** Each look at this clock is three seconds later. */
function hastening(): () => number {
  let now = 0;
  return () => (now += 3000);
}

const fileOf = (statements: readonly string[]): string => `${statements.join("\n;\n")}\n;`;

/** The lines that the failing one of these statements covers, found by running them one by one. */
async function failingLines(
  client: pg.Client,
  statements: readonly string[],
): Promise<[number, number]> {
  await client.query("BEGIN");
  let line = 1;
  try {
    for (const statement of statements) {
      const last = line + statement.split("\n").length - 1;
      try {
        await client.query(statement);
      } catch {
        return [line, last];
      }
      line = last + 2;
    }
  } finally {
    await client.query("ROLLBACK");
    await client.query("DISCARD ALL");
  }
  return assert.fail("no statement fails");
}

/** The position in the failure. */
const placeOf = (ran: Ran): object => {
  const { place, places, located, secondTry: isSecond } = ran.failure?.sql ?? {};
  return {
    ...(place && { at: `${place.line}:${place.column}` }),
    ...(places && { lines: places.map(({ line }) => line) }),
    ...(located !== undefined && { located }),
    ...(isSecond !== undefined && { secondTry: isSecond }),
  };
};

/** Requests to Hasura that are rehearsals. */
function counting(hasura: Hasura): { readonly hasura: Hasura; readonly rehearsals: () => number } {
  let count = 0;
  const runSql: Hasura["runSql"] = (request) => {
    if (request.sql.includes("hasura_migrate.rehearsal")) count += 1;
    return hasura.runSql(request);
  };
  return { hasura: { ...hasura, runSql }, rehearsals: () => count };
}

describe("the failing statement of a file", () => {
  test(`is found in each of ${Object.keys(failingFiles).length} files`, async (t) => {
    const { run, url, ledger } = await bench(t);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    t.onTestFinished(() => client.end());
    const wrong: string[] = [];
    let byTry = 0;
    for (const [name, statements] of Object.entries(failingFiles)) {
      const [from, to] = await failingLines(client, statements);
      const ran = await run({ "1_a/up": fileOf(statements) }, asked("apply"), secondTry);
      const { place, secondTry: isSecond = false, message = "" } = ran.failure?.sql ?? {};
      if (isSecond) byTry += 1;
      if (place === undefined || place.line < from || place.line > to)
        wrong.push(`${name}: ${place?.line ?? "none"}, not ${from}: ${message}`);
    }
    await t.annotate(`${byTry} by a second try`);
    assert.deepEqual(wrong, []);
    assert.deepEqual(await ledger(), []);
  });

  const file = "SELECT 1;\nSELECT 1 / 0, 'für';\nSELECT 2 / 0;\n";
  const found = { at: "2:1", located: "statement", secondTry: true };

  test("is reported after the run has been recorded; the migration's own event has no place", async (t) => {
    const { run, url, hasura } = await bench(t);
    const recorded: unknown[] = [];
    const runSql: Hasura["runSql"] = async (request) => {
      if (request.sql.includes("hasura_migrate.rehearsal"))
        recorded.push(...(await query(url, "SELECT outcome FROM hasura_migrate.run")));
      return hasura.runSql(request);
    };
    const ran = await run({ "1_a/up": file }, asked("apply"), {
      ...secondTry,
      hasura: { ...hasura, runSql },
    });
    assert.deepEqual(recorded, [{ outcome: "migration/sql-failed" }]);
    assert.deepEqual(placeOf(ran), found);
    const [early] = ran.of("migration.failed");
    assert.deepEqual(
      [early?.failure.message, early?.failure.sql?.place],
      [ran.failure?.message, undefined],
    );
  });

  test("is the exact place of the name that the error quotes, within the statement", async (t) => {
    const { run } = await bench(t);
    const sql = "ALTER TABLE a ADD e int;\nALTER TABLE a DROP e; UPDATE a\n  SET e = 1;\n";
    const ran = await run({ "1_a/up": sql }, asked("apply"), secondTry);
    assert.deepEqual(placeOf(ran), { at: "3:7", secondTry: true });
    assert.equal(ran.failure?.sql?.place?.text, "  SET e = 1;");
  });

  test("never shows a password", async (t) => {
    const { run } = await bench(t);
    const sql =
      "SELECT 1;\nSELECT 1 / 0, 'postgres://u:p4ssw0rd@host/';\nSELECT 'postgres://u:p4ssw0rd@host/';\n";
    const ran = await run({ "1_a/up": sql }, asked("apply"), secondTry);
    assert.deepEqual(placeOf(ran), found);
    assert.equal(JSON.stringify(ran.events).includes("p4ssw0rd"), false);
  });

  const untried: readonly (readonly [
    what: string,
    up: string,
    more: Partial<EngineContext>,
    place?: object,
  ])[] = [
    ["if it is switched off", file, {}],
    ["in a protected environment", file, { ...secondTry, protected: true }],
    ["near the function's deadline", file, { ...secondTry, remainingMs: () => 44_000 }],
    [
      "if the first try was not quick",
      `SELECT pg_sleep(0.01);${file}`,
      { ...secondTry, now: hastening() },
    ],
    ["for a file with its own COMMIT", `COMMIT;${file}`, secondTry],
    ["for a file with a savepoint", `SAVEPOINT s;${file}`, secondTry],
    ["for a file outside a transaction", `-- hasura:no-transaction\n${file}`, secondTry],
    [
      "for a file that uses dblink",
      `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM dblink_exec(1); END';${file}`,
      secondTry,
    ],
    [
      "for a file that takes a lock of the session",
      `SELECT pg_advisory_lock(7), pg_advisory_unlock(7);${file}`,
      secondTry,
    ],
    [
      "for a file that prepares a statement",
      `PREPARE p AS SELECT 1;DEALLOCATE p;${file}`,
      secondTry,
    ],
    [
      "for a file that changes how strings are read",
      `SET standard_conforming_strings = on;${file}`,
      secondTry,
    ],
    ["for a syntax error, which has a place", "SELECT 1;\nSELECT (1;\n", secondTry, { at: "2:10" }],
    [
      "for a name in one statement, which has a place",
      "SELECT 1;\nTABLE gone;\n",
      secondTry,
      { at: "2:7" },
    ],
    [
      "for a file with one statement",
      "\nSELECT 1 / 0;",
      secondTry,
      { at: "2:1", located: "statement" },
    ],
  ];
  for (const [what, up, more, place = {}] of untried)
    test(`is not searched by a second try ${what}`, async (t) => {
      const { run, hasura } = await bench(t);
      const counted = counting(hasura);
      const ran = await run({ "1_a/up": up }, asked("apply"), { ...more, hasura: counted.hasura });
      assert.equal(ran.failure?.kind, "migration");
      assert.deepEqual([placeOf(ran), counted.rehearsals()], [place, 0]);
    });

  const unfound: readonly (readonly [what: string, up: string])[] = [
    [
      "that does not fail again",
      "CREATE SEQUENCE IF NOT EXISTS n;\nSELECT 1 / (nextval('tries') - 1);\nSELECT 1 / 1;",
    ],
    [
      "that fails for another row",
      "INSERT INTO taken VALUES (DEFAULT);\nINSERT INTO taken VALUES (DEFAULT);\nSELECT 1;",
    ],
    [
      "that fails when it is committed",
      "INSERT INTO a VALUES (7, 7);\nINSERT INTO late SELECT 1, 8;\nINSERT INTO late SELECT 2, 9;",
    ],
  ];
  for (const [what, up] of unfound)
    test(`stays unknown for a file ${what}`, async (t) => {
      const { run, url, hasura } = await bench(t);
      await query(
        url,
        `CREATE SEQUENCE tries;
         CREATE TABLE taken (id serial PRIMARY KEY);
         INSERT INTO taken (id) VALUES (1), (3);
         CREATE TABLE late (id int, a int, CONSTRAINT "in a" FOREIGN KEY (a) REFERENCES a DEFERRABLE INITIALLY DEFERRED)`,
      );
      const counted = counting(hasura);
      const ran = await run({ "1_a/up": up }, asked("apply"), {
        ...secondTry,
        hasura: counted.hasura,
      });
      assert.equal(ran.failure?.code, "sql-failed");
      assert.equal(ran.failure.sql?.secondTry, undefined);
      assert.equal(counted.rehearsals(), 1);
    });

  describe("that can be one of several", () => {
    const twice = "SELECT no_such_function(1);\nSELECT 1;\nSELECT no_such_function(1);";
    const reported = (ran: Ran): object => {
      const { place, places, placeFollows } = ran.of("migration.failed")[0]?.failure.sql ?? {};
      return { place: place?.line, lines: places?.map(({ line }) => line), placeFollows };
    };

    test("is reported without candidates while it is searched for", async (t) => {
      const { run } = await bench(t);
      const ran = await run({ "1_a/up": twice }, asked("apply"), secondTry);
      assert.deepEqual(reported(ran), { place: undefined, lines: undefined, placeFollows: true });
      assert.deepEqual(placeOf(ran), { at: "1:8", secondTry: true });
    });

    test("is reported with candidates if it is not searched for", async (t) => {
      const { run } = await bench(t);
      const ran = await run({ "1_a/up": twice });
      const candidates = { place: undefined, lines: [1, 3], placeFollows: undefined };
      assert.deepEqual(reported(ran), candidates);
      assert.deepEqual(placeOf(ran), { lines: [1, 3] });
    });

    test("has its candidates at the end if the search finds nothing", async (t) => {
      const { run, hasura } = await bench(t);
      const runSql: Hasura["runSql"] = (request) =>
        request.sql.includes("hasura_migrate.rehearsal")
          ? Promise.reject(new Error("the connection broke"))
          : hasura.runSql(request);
      const ran = await run({ "1_a/up": twice }, asked("apply"), {
        ...secondTry,
        hasura: { ...hasura, runSql },
      });
      assert.deepEqual(reported(ran), { place: undefined, lines: undefined, placeFollows: true });
      assert.deepEqual(placeOf(ran), { lines: [1, 3] });
    });
  });

  test("is not searched while another run is in the middle of a migration", async (t) => {
    const { run, url, hasura } = await bench(t);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    t.onTestFinished(() => other.end());
    const runSql: Hasura["runSql"] = async (request) => {
      if (request.sql.includes("hasura_migrate.rehearsal"))
        await other.query("SELECT pg_advisory_lock($1, $2)", [lockClass, lockId.migration]);
      return hasura.runSql(request);
    };
    const ran = await run({ "1_a/up": file }, asked("apply"), {
      ...secondTry,
      hasura: { ...hasura, runSql },
    });
    assert.deepEqual(placeOf(ran), {});
  });
});
