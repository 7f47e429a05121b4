import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { faultBench, falselyReported } from "./support/bench.ts";
import { driverFaults } from "./support/driver.ts";
import { firstOf } from "./support/migrations.ts";

// Each test has its own database and API.
describe.concurrent("driver", () => {
  for (const fault of driverFaults) {
    test(`a message to Postgres that is ${fault}, each one of a run in turn: after one plain re-run every migration is applied once`, async (t) => {
      const bench = await faultBench(t, firstOf(3));
      await bench.run();
      const messages = bench.driver.passed.length;
      assert.ok(messages >= 20, `only ${String(messages)} messages`);
      const wrong: string[] = [];
      for (let index = 0; index < messages; index += 1) {
        await bench.database.reset(false);
        bench.driver.expect((it) => (it.index === index ? fault : undefined));
        const hit = await bench.run();
        const { kind, sql } = bench.driver.passed[index] ?? { kind: "none", sql: "" };
        await bench.endFaults();
        const missing = falselyReported(hit, await bench.database.facts());
        const found = [
          ...missing.map((version) => `reported as applied, but not in the ledger: ${version}`),
          ...(await bench.problems(await bench.run())),
        ];
        wrong.push(
          ...found.map(
            (text) => `message ${String(index)} (${kind} ${sql.slice(0, 120)}): ${text}`,
          ),
        );
      }
      assert.deepEqual(wrong, []);
      await t.annotate(`${String(messages)} faults`);
    });
  }
});
