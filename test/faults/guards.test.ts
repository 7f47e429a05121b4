import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { lockClass, lockId } from "../../src/engine/store/ledger/constants.ts";
import { newRequest, faultBench } from "./support/bench.ts";
import { loseCommitOf } from "./support/driver.ts";
import { firstOf, migrations } from "./support/migrations.ts";

const two = firstOf(2);
const key = `${String(lockClass)}, ${String(lockId.migration)}`;

// Each test has its own database and API.
describe.concurrent("guards", () => {
  test("the last migration's commit did not happen: it is noticed before the run reports that it has finished", async (t) => {
    const bench = await faultBench(t, two);
    loseCommitOf(bench.driver, (sql) => sql.includes("ADD COLUMN name"));
    const ran = await bench.run();
    assert.deepEqual(
      [ran.of("log").map((it) => it.code), ran.of("run.finished")[0]?.applied],
      [["commit-lost"], 2],
    );
    assert.deepEqual(await bench.problems(ran), []);
  });

  for (const hideInternals of [false, true]) {
    const where = hideInternals ? ", with hidden database errors" : "";
    test(`a commit in the middle of a shared request did not happen: the one after it does not run, and both are run again${where}`, async (t) => {
      const bench = await faultBench(t, migrations, { hideInternals });
      const commits = loseCommitOf(bench.driver, (sql) => sql.includes("ADD COLUMN name"));
      const ran = await bench.run(newRequest(), { now: () => 0 });
      assert.deepEqual(
        ran.of("plan").map((it) => it.databases[0]?.items.length),
        [4, 3],
      );
      assert.equal(commits.lost, 1);
      assert.deepEqual(await bench.problems(ran), []);
    });
  }

  test("a version marked elsewhere between plan and migration is not run", async (t) => {
    const bench = await faultBench(t, two);
    let marked = false;
    bench.driver.expect(async ({ sql }) => {
      if (marked || !sql.includes("CREATE TABLE people")) return undefined;
      marked = true;
      await bench.database.query(
        `SELECT hasura_migrate.record('other', 0, 0, '[{"what":"marked applied","version":2,"name":"x"}]')`,
      );
      return undefined;
    });
    const ran = await bench.run();
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(
      [
        ran.of("migration.applied").map((it) => it.version),
        ran.of("plan").map((it) => it.databases[0]?.items.length),
      ],
      [["1"], [2, 1]],
    );
  });

  test("while another transaction holds a migration's lock, none is started", async (t) => {
    const bench = await faultBench(t, two);
    await bench.run(newRequest("apply", { steps: 1 }));
    let waited = 0;
    let held = false;
    bench.driver.expect(async ({ sql }) => {
      if (held || !sql.includes("ADD COLUMN name")) return undefined;
      held = true;
      await bench.database.query(`SELECT pg_advisory_lock(${key})`);
      return undefined;
    });
    const ran = await bench.run(newRequest(), {
      sleep: async () => {
        // A look at a statement in progress waits too, also before the lock is held.
        if (!held) return;
        waited += 1;
        if (waited === 3) await bench.database.query(`SELECT pg_advisory_unlock(${key})`);
      },
    });
    assert.deepEqual(
      [ran.failure, waited >= 3, ran.of("waiting").some((it) => it.reason === "lock")],
      [undefined, true, true],
    );
    assert.deepEqual(await bench.problems(ran), []);
  });
});
