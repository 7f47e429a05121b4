import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { query } from "../../../support/postgres.ts";
import { ledgerBench, type LedgerBench } from "../../support/ledger-bench.ts";

/** Keeps what a migration finds set; a setting that was never made is null, or empty after a RESET. */
const look = `CREATE TABLE seen AS SELECT
  nullif(current_setting('app.tenant', true), '') AS tenant,
  nullif(current_setting('app.other', true), '') AS other,
  current_setting('work_mem') AS work_mem,
  current_setting('enable_seqscan') AS enable_seqscan,
  current_setting('search_path') AS search_path`;

async function seen(it: LedgerBench): Promise<Record<string, unknown> | undefined> {
  return (await query(it.url, "SELECT * FROM seen"))[0];
}

const defaults = {
  tenant: null,
  other: null,
  work_mem: "4MB",
  enable_seqscan: "on",
  search_path: '"$user", public',
};

describe("settings of a migration", () => {
  const leaving: readonly [string, string][] = [
    ["SET", "SET app.tenant = 'x'; SET work_mem = '8MB'; SET search_path = other"],
    [
      "set_config in a block",
      "DO $$ BEGIN PERFORM set_config('app.tenant', 'x', false), set_config('app.other', 'y', false); END $$",
    ],
    ["a COMMIT of its own after SET", "SET app.tenant = 'x'; SET enable_seqscan = off; COMMIT;"],
  ];
  for (const [what, sql] of leaving) {
    test(`${what} has no effect on the next migration`, async (t) => {
      const it = await ledgerBench(t);
      const ran = await it.run({ "1_a/up": sql, "2_b/up": look });
      assert.equal(ran.failure, undefined, ran.failure?.message);
      assert.deepEqual(await seen(it), defaults);
    });
  }

  test("an error in a text that is complete only with backslashes as escapes repeats nothing of the frame", async (t) => {
    const it = await ledgerBench(t);
    const sql = "SET standard_conforming_strings = off;\nSELECT 'it\\'s';\n";
    const { failure } = await it.run({ "1_a/up": sql });
    assert.equal(failure?.sql?.sqlstate, "42601");
    assert.doesNotMatch(JSON.stringify(failure), /RESET|hasura_migrate\./);
  });

  test("earlier settings of the connection are kept", async (t) => {
    const it = await ledgerBench(t);
    // Otherwise Hasura would read the database's schema during the run, with this connection.
    await it.hasura.inconsistentObjects();
    await it.hasura.runSql({
      kind: "postgres",
      source: "default",
      sql: "SET work_mem = '9MB'; SET search_path = public, pg_temp",
    });
    const ran = await it.run({
      "1_a/up": "SET app.tenant = 'x'; RESET work_mem; SET search_path = other",
      "2_b/up": look,
    });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(await seen(it), {
      ...defaults,
      work_mem: "9MB",
      search_path: "public, pg_temp",
    });
  });
});
