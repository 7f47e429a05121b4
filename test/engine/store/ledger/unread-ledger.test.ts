import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { HasuraCallError } from "../../../../src/engine/hasura/client.ts";
import { type Hasura } from "../../../../src/engine/hasura/client.ts";
import { query } from "../../../support/postgres.ts";
import { notSent, rejected, unknown } from "../../support/call-errors.ts";
import { asked, ledgerBench } from "../../support/ledger-bench.ts";

/** Fails the first requests for the ledger, then lets them through. */
function failingFirst(hasura: Hasura, errors: HasuraCallError[]): Hasura {
  return {
    ...hasura,
    runSql: (request) => {
      const error = request.sql.includes("hasura_migrate.snapshot") ? errors.shift() : undefined;
      return error ? Promise.reject(error) : hasura.runSql(request);
    },
  };
}

describe("a ledger whose first answer is lost", () => {
  test.for([
    ["nothing was sent", notSent()],
    ["the answer was lost", unknown()],
    ["Hasura is too busy", rejected({ status: 429 })],
    ["the database has no free connection", rejected({ database: { sqlstate: "53300" } })],
  ] as const)("is read again before status answers: %s", async ([, error], t) => {
    const it = await ledgerBench(t);
    const files = { "1_a/up": "SELECT 1;", "2_b/up": "SELECT 2;" };
    await it.run({ "1_a/up": files["1_a/up"] });
    // The catalog would answer otherwise.
    await query(
      it.url,
      `UPDATE hasura_migrate.migration SET applied_at = '2020-01-02T03:04:05Z' WHERE version = 1`,
    );
    const hasura = failingFirst(it.hasura, [error, error]);
    const ran = await it.run(files, asked("status"), { hasura, sleep: () => Promise.resolve() });
    assert.deepEqual(
      ran
        .of("status")
        .flatMap(({ databases }) => databases)
        .map(({ store, migrations }) => [store, migrations.map(({ appliedAt }) => appliedAt)]),
      [["ledger", ["2020-01-02T03:04:05.000Z", undefined]]],
    );
  });

  test("is not replaced by the catalog if it remains unreadable", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ "1_a/up": "SELECT 1;" });
    const refused = rejected({ database: { sqlstate: "XX000" } });
    const hasura = failingFirst(it.hasura, [refused, refused]);
    const ran = await it.run({ "1_a/up": "SELECT 1;" }, asked("status"), { hasura });
    assert.deepEqual(ran.of("status"), []);
    assert.equal(ran.of("run.failed").length, 1);
  });
});
