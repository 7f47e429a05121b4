import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { faultBench, liveMs, newRequest } from "./support/bench.ts";
import { driverFaults } from "./support/driver.ts";
import { firstOf } from "./support/migrations.ts";
import { networkFaults } from "./support/network.ts";
import { program } from "./support/programs.ts";
import { killAt } from "./support/kill-at.ts";

const three = firstOf(3);
const isRehearsal = (text: string): boolean => text.includes("hasura_migrate.rehearsal");

// Each test has its own database and API.
describe.concurrent("a rehearsal", () => {
  for (const fault of networkFaults)
    test(`with a request that is ${fault}, each one in turn: nothing of it is left, and the next run applies every migration once`, async (t) => {
      const bench = await faultBench(t, three);
      await bench.run(newRequest("rehearse"));
      const requests = bench.network.passed.length;
      assert.ok(requests >= 3, `only ${String(requests)} requests`);
      const wrong: string[] = [];
      for (let index = 0; index < requests; index += 1) {
        await bench.database.reset(false);
        bench.network.expect((it) => (it.index === index ? fault : undefined));
        await bench.run(newRequest("rehearse"));
        await bench.endFaults();
        const { done, ledger } = await bench.database.facts();
        if (done.length + ledger.length > 0) wrong.push(`request ${String(index)}: ${done.join()}`);
        wrong.push(...(await bench.problems(await bench.run())));
      }
      assert.deepEqual(wrong, []);
    });

  for (const fault of driverFaults)
    test(`whose message to PostgreSQL is ${fault}: the same`, async (t) => {
      const bench = await faultBench(t, three);
      let hits = 0;
      bench.driver.expect(({ sql }) => {
        if (!isRehearsal(sql) || hits > 0) return undefined;
        hits += 1;
        return fault;
      });
      await bench.run(newRequest("rehearse"));
      await bench.endFaults();
      const { done, ledger } = await bench.database.facts();
      assert.deepEqual([hits, done, ledger], [1, [], []]);
      assert.deepEqual(await bench.problems(await bench.run()), []);
    });

  test("that starts before each message of a run in turn: the run applies every migration once", async (t) => {
    const bench = await faultBench(t, three);
    await bench.run();
    const messages = bench.driver.passed.length;
    assert.ok(messages >= 10, `only ${String(messages)} messages`);
    const wrong: string[] = [];
    for (let start = 0; start < messages; start += 1) {
      await bench.database.reset(false);
      let rehearsal: Promise<unknown> | undefined;
      bench.driver.expect(({ index }) => {
        if (index >= start) rehearsal ??= bench.run(newRequest("rehearse"));
        return undefined;
      });
      const ran = await bench.run();
      await rehearsal;
      await bench.endFaults();
      wrong.push(...(await bench.problems(ran)));
    }
    assert.deepEqual(wrong, []);
  });

  test("that is killed with its function: the same", async (t) => {
    const bench = await faultBench(t, three);
    const oneRun = await program(t, "one-run");
    const run = oneRun(bench.network.url, bench.root, String(liveMs), "rehearse");
    const kills = await killAt(run, bench, ({ body }) => isRehearsal(body));
    assert.equal(kills, 1);
    assert.deepEqual(await bench.problems(await bench.run()), []);
  });
});
