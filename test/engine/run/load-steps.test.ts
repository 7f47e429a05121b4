import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { ReadyStep } from "../../../src/engine/plan/prepare-plan.ts";
import { checksumOf } from "../../../src/engine/project/migration-file.ts";
import { loadSteps } from "../../../src/engine/run/load-steps.ts";
import { readyStep, storeOf, unreadable } from "../support/ready-steps.ts";

const store = storeOf();

/** The versions that are loaded into one request. */
async function versionsOf(steps: readonly ReadyStep[], from = 0, most = 9): Promise<string[]> {
  return (await loadSteps({ steps, environment: "dev-3" }, from, most)).map(
    ({ step }) => step.version,
  );
}

/** The versions of a request for 1, the SQL, and 3. */
const around = (sql: string): Promise<string[]> =>
  versionsOf([
    readyStep("1", { store }),
    readyStep("2", { store, sql }),
    readyStep("3", { store }),
  ]);

describe("loading the steps of one request", () => {
  const three = ["1", "2", "3"].map((version) => readyStep(version, { store }));

  test("takes as many as requested, from a position in the plan", async () => {
    assert.deepEqual(await versionsOf(three), ["1", "2", "3"]);
    assert.deepEqual(await versionsOf(three, 0, 2), ["1", "2"]);
    assert.deepEqual(await versionsOf(three, 1), ["2", "3"]);
    assert.deepEqual(await versionsOf(three, 1, 1), ["2"]);
    assert.deepEqual(await versionsOf(three, 3), []);
  });

  test("keeps databases apart", async () => {
    const steps = [readyStep("1", { store }), readyStep("2", { store: storeOf() })];
    assert.deepEqual(await versionsOf(steps), ["1"]);
  });

  for (const sql of [
    "COMMIT;",
    "rollback;",
    "ABORT;",
    "call f();",
    "CREATE INDEX CONCURRENTLY i ON t (x);",
    "VACUUM t;",
    "END ;",
    "end;",
    "PREPARE  TRANSACTION 'x';",
    "SELECT dblink_exec('…');",
    "DO $$ BEGIN EXECUTE 'commit'; END $$",
  ])
    test(`sends ${sql} alone`, async () => {
      assert.deepEqual(await around(sql), ["1"]);
      assert.deepEqual(
        await versionsOf([readyStep("1", { store, sql }), readyStep("2", { store })]),
        ["1"],
      );
    });

  for (const sql of [
    "SELECT 1; -- commit",
    "SELECT 1; /* vacuum */",
    "SELECT committed FROM t;",
    "SELECT recall FROM t;",
    "SELECT CASE WHEN true THEN 1 END FROM t;",
    "PREPARE q AS SELECT 1;",
    "SELECT 1 AS vacuumed;",
  ])
    test(`sends ${sql} with others`, async () => {
      assert.deepEqual(await around(sql), ["1", "2", "3"]);
    });

  test("sends alone what runs outside a transaction or has its own settings", async () => {
    const outside = readyStep("2", { store, noTransaction: true });
    assert.deepEqual(await versionsOf([readyStep("1", { store }), outside]), ["1"]);
    assert.deepEqual(await versionsOf([outside, readyStep("3", { store })]), ["2"]);
    assert.deepEqual(await around("-- hasura-migrate: lock_timeout=5s\nSELECT 1;"), ["1"]);
  });

  test("stays within 64 KiB, down files included, and takes a larger file alone", async () => {
    const sized = (version: string, length: number, down = 0): ReadyStep =>
      readyStep(version, {
        store: down > 0 ? keeping : store,
        sql: "x".repeat(length),
        downSql: "x".repeat(down),
      });
    const keeping = storeOf({ keepsDownSql: true });
    const half = 32 * 1024;
    assert.deepEqual(await versionsOf([sized("1", half), sized("2", half)]), ["1", "2"]);
    assert.deepEqual(await versionsOf([sized("1", half), sized("2", half + 1)]), ["1"]);
    assert.deepEqual(await versionsOf([sized("1", half + 1), sized("2", half)]), ["1"]);
    assert.deepEqual(await versionsOf([sized("1", 3 * half), sized("2", 1)]), ["1"]);
    assert.deepEqual(await versionsOf([sized("1", 9, half), sized("2", 9, half)]), ["1"]);
  });

  test("reports a file that cannot be read when its turn comes", async () => {
    const gone = readyStep("2", { store, file: unreadable("2/up.sql") });
    assert.deepEqual(await versionsOf([readyStep("1", { store }), gone]), ["1"]);
    await assert.rejects(
      loadSteps({ steps: [gone], environment: "dev-3" }, 0, 1),
      /2\/up\.sql is gone/,
    );
  });

  test("gives a step its text and the checksum of its up file", async () => {
    const sql = "-- hasura-migrate: retry=off\nSELECT 1;";
    const load = async (more: object) => {
      const steps = [readyStep("7", { store, sql, ...more })];
      const [loaded] = await loadSteps({ steps, environment: "dev-3" }, 0, 1);
      return loaded?.step;
    };
    const step = {
      database: { name: "default", kind: "postgres" },
      version: "7",
      name: "x",
      direction: "up",
      sql,
      checksum: checksumOf(sql),
      noTransaction: false,
      settings: { retry: false },
    };
    assert.deepEqual(await load({}), step);
    assert.deepEqual(await load({ noTransaction: true }), { ...step, noTransaction: true });
    assert.deepEqual(await load({ direction: "down" }), {
      ...step,
      direction: "down",
      sql: "SELECT -7;",
      settings: {},
    });
  });

  test("takes the checksum on the way up from the text that is sent, without a second reading", async () => {
    const step = readyStep("7", { store });
    const migration = { ...step.migration, up: unreadable("7/up.sql") };
    const [loaded] = await loadSteps(
      { steps: [{ ...step, migration }], environment: "dev-3" },
      0,
      1,
    );
    assert.equal(loaded?.step.checksum, checksumOf("SELECT 7;"));
  });

  test("rolls back a migration whose up file is gone, with the checksum of the down file", async () => {
    const step = readyStep("7", { store, direction: "down" });
    const { version, name, down } = step.migration;
    const migration = { version, name, ...(down && { down }) };
    const [loaded] = await loadSteps(
      { steps: [{ ...step, migration }], environment: "dev-3" },
      0,
      1,
    );
    assert.equal(loaded?.step.checksum, checksumOf("SELECT -7;"));
  });

  test("reads the down file only for a store that keeps it, and only on the way up", async () => {
    const keeping = storeOf({ keepsDownSql: true });
    const downSqlOf = async (more: object): Promise<string | undefined> =>
      (await loadSteps({ steps: [readyStep("7", more)], environment: "dev-3" }, 0, 1))[0]?.step
        .downSql;
    assert.equal(await downSqlOf({ store: keeping }), "SELECT -7;");
    assert.equal(await downSqlOf({ store: keeping, direction: "down" }), undefined);
    assert.equal(await downSqlOf({ store }), undefined);
  });
});
