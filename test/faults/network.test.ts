import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { faultBench, falselyReported } from "./support/bench.ts";
import { migrations } from "./support/migrations.ts";
import { networkFaults } from "./support/network.ts";

// Each test has its own database and API.
describe.concurrent("network", () => {
  for (const fault of networkFaults) {
    test(`a request that is ${fault}, each one of a run in turn: after one plain re-run every migration is applied once`, async (t) => {
      const bench = await faultBench(t, migrations);
      await bench.run();
      const requests = bench.network.passed.length;
      assert.ok(requests >= 12, `only ${String(requests)} requests`);
      const wrong: string[] = [];
      for (let index = 0; index < requests; index += 1) {
        await bench.database.reset(false);
        bench.network.expect((it) => (it.index === index ? fault : undefined));
        const hit = await bench.run();
        const request = bench.network.passed[index]?.body.slice(0, 160);
        await bench.endFaults();
        const missing = falselyReported(hit, await bench.database.facts());
        const found = [
          ...missing.map((version) => `reported as applied, but not in the ledger: ${version}`),
          ...(await bench.problems(await bench.run())),
        ];
        wrong.push(
          ...found.map((text) => `request ${String(index)} (${request ?? "not reached"}): ${text}`),
        );
      }
      assert.deepEqual(wrong, []);
      await t.annotate(`${String(requests)} faults`);
    });
  }
});
