import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { LedgerMemory } from "../../../../src/engine/store/ledger/ledger-memory.ts";
import { query } from "../../../support/postgres.ts";
import { withLedger } from "../../support/ledger.ts";
import { asked, ledgerBench, type LedgerBench } from "../../support/ledger-bench.ts";

const version3 = readFileSync(
  new URL("../../../fixtures/ledger-schema-3.sql", import.meta.url),
  "utf8",
);
const files = {
  "1_a/up": "CREATE TABLE a (id int);",
  "1_a/down": "DROP TABLE a;",
  "2_b/up": "SELECT 2;",
  "2_b/down": "SELECT 2;",
  "3_c/up": "SELECT 3;",
};

/** The status as a process that keeps what it reads answers it. Fails where one that keeps nothing answers anything else. */
async function warmStatus(it: LedgerBench, memory: LedgerMemory): Promise<string[]> {
  const [warm, cold] = [
    await it.run(files, asked("status"), withLedger({ memory })),
    await it.run(files, asked("status")),
  ];
  assert.deepEqual(warm.of("status"), cold.of("status"));
  return warm
    .of("status")
    .flatMap(({ databases }) => databases)
    .flatMap(({ store, migrations }) => [
      store,
      ...migrations.map(({ version, state, appliedBy }) =>
        [version, state, appliedBy].join(" ").trim(),
      ),
    ]);
}

describe("a process that keeps what it has read of a ledger", () => {
  test("sees what others have done since: applied, rolled back, marked, and forgotten", async (t) => {
    const it = await ledgerBench(t);
    const memory = new LedgerMemory();
    assert.deepEqual(await warmStatus(it, memory), [
      "catalog",
      "1 pending",
      "2 pending",
      "3 pending",
    ]);
    await it.run({ "1_a/up": files["1_a/up"], "2_b/up": files["2_b/up"] });
    const both = ["ledger", "1 applied ada", "2 applied ada", "3 pending"];
    assert.deepEqual(await warmStatus(it, memory), both);
    assert.deepEqual(await warmStatus(it, memory), both);
    await it.run(files, asked("down", { only: "2" }));
    assert.deepEqual(await warmStatus(it, memory), [
      "ledger",
      "1 applied ada",
      "2 pending",
      "3 pending",
    ]);
    await it.run(files, asked("mark", { versions: ["3"], as: "applied" }));
    assert.deepEqual(await warmStatus(it, memory), [
      ...["ledger", "1 applied ada", "2 pending", "3 applied ada"],
    ]);
  });

  test("requests only changes, and no actors that it already knows", async (t) => {
    const it = await ledgerBench(t);
    const memory = new LedgerMemory();
    await it.run(files);
    const asking = async (): Promise<string[]> => {
      const sent: string[] = [];
      const hasura = {
        ...it.hasura,
        runSql: async (request: Parameters<typeof it.hasura.runSql>[0]) => {
          const result = await it.hasura.runSql(request);
          const name = /hasura_migrate\.(snapshot\w*)\(/.exec(request.sql)?.[1] ?? "actors";
          const rows = /"migrations" : (\[.*?\]), "running"/.exec(result.rows[0]?.[0] ?? "")?.[1];
          sent.push(
            rows === undefined ? name : `${name} ${String((JSON.parse(rows) as unknown[]).length)}`,
          );
          return result;
        },
      };
      await it.run(files, asked("status"), { ...withLedger({ memory }), hasura });
      return sent;
    };
    assert.deepEqual(await asking(), ["snapshot 3", "actors"]);
    assert.deepEqual(await asking(), ["snapshot_since 0"]);
    await it.run(files, asked("redo", { version: "2" }));
    assert.deepEqual(await asking(), ["snapshot_since 1", "actors"]);
  });

  test("notices that the ledger was created again, even by an older version, which cannot report changes", async (t) => {
    const it = await ledgerBench(t);
    const memory = new LedgerMemory();
    await it.run(files);
    assert.equal((await warmStatus(it, memory))[1], "1 applied ada");
    await query(it.url, "DROP SCHEMA hasura_migrate CASCADE");
    await query(it.url, version3);
    await query(
      it.url,
      `SELECT hasura_migrate.record('other', 0, 0, '[{"what":"marked applied","version":2,"name":"b"}]')`,
    );
    assert.equal((await warmStatus(it, memory))[0], "ledger");
    await query(it.url, "DROP SCHEMA hasura_migrate CASCADE");
    assert.equal((await warmStatus(it, memory))[0], "catalog");
  });

  test("notices that the record of a run was changed", async (t) => {
    const it = await ledgerBench(t);
    const memory = new LedgerMemory();
    await it.run(files);
    await warmStatus(it, memory);
    await query(
      it.url,
      `UPDATE hasura_migrate.run SET actor = pg_catalog.jsonb_set(actor, '{user}', '"grace"')`,
    );
    assert.equal((await warmStatus(it, memory))[1], "1 applied grace");
  });
});
