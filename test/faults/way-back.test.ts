import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { readProject } from "../../src/engine/project/project.ts";
import { projectOnDisk, type Ran } from "../engine/support/run.ts";
import {
  faultBench,
  falselyReported,
  liveMs,
  newRequest,
  type FaultBench,
} from "./support/bench.ts";
import { driverFaults } from "./support/driver.ts";
import { filesOf, otherBranch, seven, squashed } from "./support/migrations.ts";
import { networkFaults } from "./support/network.ts";
import { program } from "./support/programs.ts";
import { scale } from "./support/scale.ts";
import { runSchedule, scheduleOf, type Outcome, type ScheduledRun } from "./support/schedule.ts";
import { killAt } from "./support/kill-at.ts";

/*
 * What leads from one branch to another: the reset to a directory that is uploaded, and a squash of migrations that are applied.
 */

type Operation = "apply" | "reset-to";

/** A database in which the seven migrations are applied, and one more operation on it. */
interface Way {
  readonly bench: FaultBench;
  readonly operation: Operation;
  /** The project of the seven. */
  readonly branch: ScheduledRun["project"];
  /** Empties the database, and applies the seven. */
  readonly prepare: () => Promise<void>;
  readonly run: () => Promise<Ran>;
}

const ways = {
  "a reset to an uploaded directory": async (t) =>
    wayOf(t, await faultBench(t, otherBranch, { uploads: true }), "reset-to"),
  "a run that records a squash in place of its parts": async (t) =>
    wayOf(t, await squashBench(t), "apply"),
} satisfies Record<string, (t: TestContext) => Promise<Way>>;

/** The parts of the squash have run, each in a transaction of its own, and are recorded no more; the squash has run only if they had not. */
const squashBench = (t: TestContext): Promise<FaultBench> =>
  faultBench(t, squashed, {
    leaves: ({ torn }) => ({
      done: ["1", "2", "3", "4", "5", "6", "7", "9"],
      torn: ["5", "6", "7", ...torn.filter((version) => version === "8")],
    }),
  });

async function wayOf(t: TestContext, bench: FaultBench, operation: Operation): Promise<Way> {
  const root = await projectOnDisk(t, filesOf(seven));
  const branch = () => readProject(root);
  return {
    ...{ bench, operation, branch },
    prepare: async () => {
      await bench.database.reset(false);
      const { failure } = await bench.run(newRequest(), { project: branch });
      assert.equal(failure, undefined);
      bench.network.expect(() => undefined);
      bench.driver.expect(() => undefined);
    },
    run: () => bench.run(newRequest(operation)),
  };
}

/** The faults of one kind at every place of a run in turn, of which each kind takes others where not all are tried. */
function placesOf(count: number, kind: number): number[] {
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) => (index + kind) % scale.killStep === 0,
  );
}

/** What is wrong after a run that was harmed, and after one more. */
async function problemsAfter({ bench, run }: Way, harmed: Ran, place: string): Promise<string[]> {
  await bench.endFaults();
  const found = [
    ...falselyReported(harmed, await bench.database.facts()).map(
      (version) => `reported as done, but the ledger does not have it: ${version}`,
    ),
    ...(await bench.problems(await run())),
  ];
  return found.map((text) => `${place}: ${text}`);
}

for (const [name, start] of Object.entries(ways)) {
  // Each test has its own database and API.
  describe.concurrent(name, () => {
    for (const [kind, fault] of networkFaults.entries())
      test(`a request that is ${fault}, each one in turn: after the same command again it is done, once`, async (t) => {
        const way = await start(t);
        const { bench } = way;
        await way.prepare();
        await way.run();
        const requests = bench.network.passed.length;
        assert.ok(requests >= 12, `only ${String(requests)} requests`);
        const wrong: string[] = [];
        for (const at of placesOf(requests, kind)) {
          await way.prepare();
          bench.network.expect(({ index }) => (index === at ? fault : undefined));
          const harmed = await way.run();
          const request = bench.network.passed[at]?.body.slice(0, 160) ?? "not reached";
          wrong.push(...(await problemsAfter(way, harmed, `request ${String(at)} (${request})`)));
        }
        assert.deepEqual(wrong, []);
        await t.annotate(`${String(placesOf(requests, kind).length)} faults`);
      });

    for (const [kind, fault] of driverFaults.entries())
      test(`a message to Postgres that is ${fault}, each one in turn: after the same command again it is done, once`, async (t) => {
        const way = await start(t);
        const { bench } = way;
        await way.prepare();
        await way.run();
        const messages = bench.driver.passed.length;
        assert.ok(messages >= 20, `only ${String(messages)} messages`);
        const wrong: string[] = [];
        for (const at of placesOf(messages, kind)) {
          await way.prepare();
          bench.driver.expect(({ index }) => (index === at ? fault : undefined));
          const harmed = await way.run();
          const { kind: message, sql } = bench.driver.passed[at] ?? { kind: "none", sql: "" };
          const place = `message ${String(at)} (${message} ${sql.slice(0, 120)})`;
          wrong.push(...(await problemsAfter(way, harmed, place)));
        }
        assert.deepEqual(wrong, []);
        await t.annotate(`${String(placesOf(messages, kind).length)} faults`);
      });
  });
}

describe.concurrent("a run that records a squash in place of its parts, killed", () => {
  test("while one of its requests is answered: after the same command again it is done, once", async (t) => {
    const way = await ways["a run that records a squash in place of its parts"](t);
    const { bench } = way;
    const oneRun = await program(t, "one-run");
    await way.prepare();
    await way.run();
    const requests = bench.network.passed.length;
    const wrong: string[] = [];
    let kills = 0;
    for (const at of placesOf(requests, 0)) {
      await way.prepare();
      const run = oneRun(bench.network.url, bench.root, String(liveMs));
      kills += await killAt(run, bench, ({ index }) => index === at);
      const problems = await bench.problems(await way.run());
      wrong.push(...problems.map((text) => `killed at request ${String(at)}: ${text}`));
    }
    assert.deepEqual(wrong, []);
    await t.annotate(`${String(kills)} kills`);
    assert.ok(kills > 0);
  });
});

describe("several runs at once", () => {
  const schedules = Math.ceil(scale.schedules / 10);

  /** Runs chosen from these, at once and under faults, then a reset to the project of the bench. */
  async function outcomes(
    t: TestContext,
    way: Way,
    choice: readonly [ScheduledRun, ...ScheduledRun[]],
  ): Promise<void> {
    const all: Outcome[] = [];
    for (let i = 0; i < schedules; i += 1)
      all.push(await runSchedule(way.bench, scheduleOf(scale.firstSeed + i, choice), "reset-to"));
    assert.deepEqual(
      all.flatMap(({ wrong }) => wrong),
      [],
    );
    const sum = (of: "faults" | "deaths") => String(all.reduce((total, it) => total + it[of], 0));
    await t.annotate(
      `${String(schedules)} schedules, ${sum("faults")} faults, ${sum("deaths")} runs died`,
    );
  }

  test(`of two branches and resets to one of them, ${String(schedules)} schedules: after one more reset that branch is applied, once`, async (t) => {
    const way = await ways["a reset to an uploaded directory"](t);
    const { branch, bench } = way;
    const own = await projectOnDisk(t, filesOf(otherBranch));
    const other = { project: () => readProject(own) };
    await outcomes(t, way, [
      { operation: "apply", ...(branch && { project: branch }) },
      { operation: "apply", ...other },
      { operation: "reset-to", ...other },
      { operation: "reset-to", project: bench.resetProject },
      { operation: "down", ...other },
    ]);
  });

  test(`of a branch with a squash and one with its parts, ${String(schedules)} schedules: after one more reset the squash is applied, once`, async (t) => {
    const bench = await squashBench(t);
    const way = await wayOf(t, bench, "reset-to");
    const squash = { project: () => readProject(bench.root) };
    const parts = way.branch ? { project: way.branch } : {};
    await outcomes(t, way, [
      { operation: "apply", ...parts },
      { operation: "apply", ...squash },
      { operation: "reset-to", ...squash },
      { operation: "reset-to", ...parts },
      { operation: "down", ...squash },
    ]);
  });
});
