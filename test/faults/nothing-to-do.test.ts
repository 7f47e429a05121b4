import assert from "node:assert/strict";
import { test } from "vitest";
import type { Hasura } from "../../src/engine/hasura/client.ts";
import { newRequest, faultBench } from "./support/bench.ts";
import { firstOf } from "./support/migrations.ts";

test("a run with nothing to apply does not end before Hasura's catalog state has been written", async (t) => {
  const bench = await faultBench(t, firstOf(2));
  await bench.run();
  await bench.database.query("UPDATE hdb_catalog.hdb_version SET cli_state = '{}'");
  bench.network.expect(({ body }) => (body.includes("set_catalog_state") ? "slow" : undefined));
  const order: string[] = [];
  const listening = (real: Hasura): Hasura => ({
    ...real,
    exchangeCatalogState: async (next) => {
      const before = await real.exchangeCatalogState(next);
      order.push("synced");
      return before;
    },
    runSql: (request) => {
      if (request.sql.includes("hasura_migrate.end_run(")) order.push("ended");
      return real.runSql(request);
    },
  });
  const ran = await bench.run(newRequest(), {}, listening);
  assert.equal(ran.failure, undefined, ran.failure?.message);
  assert.deepEqual(order, ["synced", "ended"]);
  assert.deepEqual(await bench.databaseProblems(), []);
  const synced = await bench.database.texts("SELECT synced = generation FROM hasura_migrate.head");
  assert.deepEqual(synced, ["true"], "the ledger records that the catalog is up to date");
});
