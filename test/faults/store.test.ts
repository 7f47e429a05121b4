import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { readProject } from "../../src/engine/project/project.ts";
import { projectOnDisk } from "../engine/support/run.ts";
import { newRequest, faultBench } from "./support/bench.ts";
import { loseCommitOf } from "./support/driver.ts";
import { filesOf, firstOf, seven, squashed } from "./support/migrations.ts";

const two = firstOf(2);
const isRecord = (sql: string): boolean => sql.includes("SELECT hasura_migrate.record(");

// Each test has its own database and API.
describe.concurrent("store", () => {
  test("a commit that did not happen and a run that dies before it could notice leave nothing to repair", async (t) => {
    const bench = await faultBench(t, two);
    const commits = loseCommitOf(bench.driver, (sql) => sql.includes("ADD COLUMN name"));
    let dead = false;
    bench.network.expect(({ body }) => {
      if (dead) return "dropped";
      dead = body.includes("set_catalog_state") && body.includes('"2":false');
      return undefined;
    });
    await bench.run();
    await bench.endFaults();
    assert.equal(commits.lost, 1);
    assert.deepEqual(await bench.problems(await bench.run()), []);
  });

  for (const hideInternals of [false, true])
    test(`a commit that did not happen is noticed although another run has taken its generation${hideInternals ? ", and internals are hidden" : ""}`, async (t) => {
      const bench = await faultBench(t, firstOf(3), { hideInternals });
      const elsewhere = `SELECT hasura_migrate.record('other', 1, 0, '[{"what":"marked applied","version":99,"name":"x"}]')`;
      let commits = 0;
      bench.driver.expect(({ kind, sql }) => {
        if (commits === 0 && sql.includes("ADD COLUMN name")) commits = 1;
        if (kind === "commit" && commits === 1) {
          commits = 2;
          return "cut before";
        }
        // The third does not need the second: only the books can tell that it would run before it.
        if (!sql.includes("VALUES (3,") || commits !== 2) return undefined;
        commits = 3;
        return bench.database.query(elsewhere).then(() => undefined);
      });
      const ran = await bench.run();
      assert.equal(ran.failure, undefined, ran.failure?.message);
      assert.deepEqual([(await bench.database.facts()).done, commits], [["1", "2", "3"], 3]);
    });

  for (const as of ["applied", "pending"] as const) {
    test(`mark --${as} whose commit did not happen is sent again`, async (t) => {
      const bench = await faultBench(t, two);
      if (as === "pending") await bench.run();
      const commits = loseCommitOf(bench.driver, isRecord);
      const marked = await bench.run(newRequest("mark", { versions: ["2"], as }));
      await bench.endFaults();
      assert.equal(commits.lost, 1);
      const { ledger, catalog } = await bench.database.facts();
      assert.equal(marked.failure, undefined, marked.failure?.message);
      assert.deepEqual([ledger, catalog], as === "applied" ? [["2"], ["2"]] : [["1"], ["1"]]);
    });

    test(`mark --${as} whose answer is lost is not an error`, async (t) => {
      const bench = await faultBench(t, two);
      if (as === "pending") await bench.run();
      let left = 1;
      bench.network.expect(({ body }) => (isRecord(body) && left-- > 0 ? "gateway" : undefined));
      const marked = await bench.run(newRequest("mark", { versions: ["2"], as }));
      await bench.endFaults();
      const { ledger, catalog } = await bench.database.facts();
      assert.equal(marked.failure, undefined, marked.failure?.message);
      assert.deepEqual([ledger, catalog], as === "applied" ? [["2"], ["2"]] : [["1"], ["1"]]);
    });
  }

  for (const fault of ["the commit does not happen", "the answer is lost"] as const) {
    test(`a squash that is the last of a run is recorded in place of its parts before the run ends although ${fault}`, async (t) => {
      const bench = await faultBench(t, seven);
      await bench.run();
      const root = await projectOnDisk(t, filesOf({ "8_squash": squashed["8_squash"] ?? "" }));
      let left = 1;
      const commits =
        fault === "the commit does not happen" ? loseCommitOf(bench.driver, isRecord) : undefined;
      if (!commits)
        bench.network.expect(({ body }) => (isRecord(body) && left-- > 0 ? "lost" : undefined));
      const ran = await bench.run(newRequest(), { project: () => readProject(root) });
      assert.equal(ran.failure, undefined, ran.failure?.message);
      const { ledger, catalog, done } = await bench.database.facts();
      const expected = ["1", "2", "3", "4", "8"];
      assert.deepEqual([ledger, catalog, done.length], [expected, expected, 7]);
      assert.equal(commits ? commits.lost : 1 - Math.max(0, left), 1);
    });

    test(`versions of another tool are adopted although ${fault}`, async (t) => {
      const bench = await faultBench(t, two);
      for (const sql of Object.values(two)) await bench.database.query(sql);
      await bench.database.query(
        `UPDATE hdb_catalog.hdb_version SET cli_state = '{"migrations":{"default":{"1":false,"2":false}}}'`,
      );
      let left = 1;
      if (fault === "the commit does not happen") loseCommitOf(bench.driver, isRecord);
      else bench.network.expect(({ body }) => (isRecord(body) && left-- > 0 ? "lost" : undefined));
      const first = await bench.run();
      assert.equal(first.failure, undefined, first.failure?.message);
      await bench.endFaults();
      const again = await bench.run();
      assert.deepEqual(
        [again.of("log").map((it) => it.code), await bench.problems(again)],
        [[], []],
      );
    });
  }
});
