import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { readProject } from "../../src/engine/project/project.ts";
import { projectOnDisk, type Ran } from "../engine/support/run.ts";
import { faultBench, liveMs, newRequest, type FaultBench } from "./support/bench.ts";
import type { MessageKind } from "../../src/local/hasura-api/session.ts";
import { driverFaults, type DriverFault } from "./support/driver.ts";
import { filesOf, firstOf } from "./support/migrations.ts";
import { networkFaults } from "./support/network.ts";
import { program } from "./support/programs.ts";
import { killAt } from "./support/kill-at.ts";

const good = firstOf(3);
/** The third fails on its second line, which no name shows. It takes long enough for a cancellation to reach it. */
const failing = {
  ...good,
  "3_data": `${good["3_data"] ?? ""}\nSELECT pg_sleep(0.2); CREATE TABLE extra AS SELECT 1 / (count(*) - count(*)) FROM people;\nSELECT 1 / 0;`,
};

interface SecondTryBench extends FaultBench {
  readonly failingRoot: string;
  /** A run whose third migration fails. */
  readonly fail: () => Promise<Ran>;
}

async function secondTryBench(t: TestContext): Promise<SecondTryBench> {
  const bench = await faultBench(t, good);
  const failingRoot = await projectOnDisk(t, filesOf(failing));
  const fail = (): Promise<Ran> =>
    bench.run(newRequest(), { project: () => readProject(failingRoot), secondTry: true });
  return { ...bench, failingRoot, fail };
}

const isSecondTry = (text: string): boolean => text.includes("hasura_migrate.rehearsal");

/** What is wrong after a run that failed: its failure and its record, then the run with the corrected file. */
async function problems(ran: Ran, { database, ...bench }: SecondTryBench): Promise<string[]> {
  const { code, message = "", sql } = ran.failure ?? {};
  const line = sql?.place?.line;
  const { ledger, done, schema } = await database.facts();
  return [
    ...(code === "sql-failed" && message.includes("division by zero")
      ? []
      : [`the failure is ${code}: ${message}`]),
    ...(line === undefined || line === 2 ? [] : [`the place is line ${line}`]),
    ...(ledger.join() === "1,2" && done.join() === "1,2"
      ? []
      : [`ledger ${ledger.join()}, done ${done.join()}`]),
    ...schema.filter((object) => object.includes("extra")),
    ...(await bench.problems(await bench.run())),
  ];
}

/** Injects the fault once, at this message of the second try; returns how often it happened. */
function hitOnce({ driver }: SecondTryBench, kind: MessageKind, fault: DriverFault): () => number {
  let isClosed = false;
  let isAsked = false;
  let hits = 0;
  driver.expect((message) => {
    isAsked ||= isSecondTry(message.sql);
    const isOfSecondTry = isClosed && (kind !== "commit" || isAsked) && message.kind === kind;
    // The last message of the run before the second try. The function's definition is in an earlier one.
    isClosed ||= message.sql.includes("SELECT hasura_migrate.end_run(");
    if (!isOfSecondTry || hits > 0) return undefined;
    hits += 1;
    return fault;
  });
  return () => hits;
}

// Each test has its own database and API.
describe.concurrent("the second try of a migration that failed", () => {
  test("finds the line, and nothing of it is left", async (t) => {
    const bench = await secondTryBench(t);
    const ran = await bench.fail();
    assert.deepEqual([ran.failure?.sql?.place?.line, ran.failure?.sql?.secondTry], [2, true]);
    assert.deepEqual(await problems(ran, bench), []);
  });

  for (const fault of networkFaults)
    test(`whose request is ${fault}: the failure is the same, nothing of it is left, and the next run continues`, async (t) => {
      const bench = await secondTryBench(t);
      let hits = 0;
      bench.network.expect(({ body }) => {
        if (!isSecondTry(body)) return undefined;
        hits += 1;
        return fault;
      });
      const ran = await bench.fail();
      await bench.endFaults();
      assert.deepEqual(await problems(ran, bench), []);
      assert.equal(hits, 1);
    });

  for (const fault of driverFaults)
    test(`whose messages to PostgreSQL are ${fault}, each in turn: the same`, async (t) => {
      const bench = await secondTryBench(t);
      const wrong: string[] = [];
      // A cancellation of a message that takes no time would reach the next one.
      const kinds =
        fault === "cancelled" ? (["query"] as const) : (["begin", "query", "commit"] as const);
      for (const kind of kinds) {
        await bench.database.reset(false);
        const hits = hitOnce(bench, kind, fault);
        const ran = await bench.fail();
        await bench.endFaults();
        wrong.push(...(await problems(ran, bench)).map((text) => `${kind}: ${text}`));
        if (hits() !== 1) wrong.push(`${kind}: ${hits()} hits`);
      }
      assert.deepEqual(wrong, []);
    });

  test("is killed with its function: nothing of it is left, and the next run continues at once", async (t) => {
    const bench = await secondTryBench(t);
    const oneRun = await program(t, "one-run");
    const run = oneRun(bench.network.url, bench.failingRoot, String(liveMs));
    const kills = await killAt(run, bench, ({ body }) => isSecondTry(body));
    const runs = await bench.database.texts("SELECT outcome FROM hasura_migrate.run");
    assert.deepEqual([kills, runs], [1, ["migration/sql-failed"]]);
    assert.deepEqual(await bench.problems(await bench.run()), []);
  });
});
