import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { newRequest, faultBench, liveMs, shortened } from "./support/bench.ts";
import { readProject } from "../../src/engine/project/project.ts";
import { projectOnDisk } from "../engine/support/run.ts";
import { filesOf, firstOf, otherBranch, seven } from "./support/migrations.ts";
import { program } from "./support/programs.ts";
import { scale } from "./support/scale.ts";
import { killAt } from "./support/kill-at.ts";

const three = firstOf(3);
/** Events of a clean run of three migrations: plan, two for each migration, the end. */
const events = 8;

// Each test has its own database and API.
describe.concurrent("kill", () => {
  test(`a run that is killed at every event of it (${String(events)}): after one plain re-run every migration is applied once`, async (t) => {
    const bench = await faultBench(t, three);
    const oneRun = await program(t, "one-run");
    const wrong: string[] = [];
    const seen: string[] = [];
    for (let at = 0; at < events; at += 1) {
      await bench.database.reset(false);
      const run = oneRun(bench.network.url, bench.root, String(liveMs));
      run.process.stdin?.write("go\n");
      for (let received = 0; received < at; received += 1)
        seen[received] = String((await run.lines.next()).value);
      await run.kill();
      await bench.endFaults();
      wrong.push(
        ...(await bench.problems(await bench.run())).map(
          (text) => `killed at event ${String(at)}: ${text}`,
        ),
      );
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual([seen[0], seen.length], ["plan", events - 1]);
  });

  test("a run that is killed while one of its requests is answered: after one plain re-run every migration is applied once", async (t) => {
    const bench = await faultBench(t, three);
    await bench.run();
    const requests = bench.network.passed.length;
    const oneRun = await program(t, "one-run");
    const wrong: string[] = [];
    let kills = 0;
    for (let at = 0; at < requests; at += scale.killStep) {
      await bench.database.reset(false);
      const run = oneRun(bench.network.url, bench.root, String(liveMs));
      kills += await killAt(run, bench, ({ index }) => index === at);
      wrong.push(
        ...(await bench.problems(await bench.run())).map(
          (text) => `killed at request ${String(at)}: ${text}`,
        ),
      );
    }
    assert.deepEqual(wrong, []);
    await t.annotate(`${String(kills)} kills`);
    assert.ok(kills > 0);
  });

  test("a reset that is killed at every event of it, in its rollbacks and in what it applies: after the same reset again the other branch is applied once, and nothing is left of this one", async (t) => {
    const bench = await faultBench(t, otherBranch);
    const oneRun = await program(t, "one-run");
    const root = await projectOnDisk(t, filesOf(seven));
    const branch = { project: () => readProject(root) };
    const clean: string[] = [];
    const wrong: string[] = [];
    // The first is not killed, and shows which events there are.
    for (
      let at = Infinity;
      clean.length === 0 || at < clean.length;
      at = at === Infinity ? 0 : at + 1
    ) {
      await bench.database.reset(false);
      await bench.run(newRequest(), branch);
      const reset = oneRun(bench.network.url, bench.root, String(liveMs), "reset-to");
      reset.process.stdin?.write("go\n");
      for (let received = 0; received < at; received += 1) {
        const line = await reset.lines.next();
        if (line.done === true) break;
        if (at === Infinity) clean.push(line.value);
      }
      await reset.kill();
      await bench.endFaults();
      wrong.push(
        ...(await bench.problems(await bench.run(newRequest("reset-to")))).map(
          (text) => `killed at event ${String(at)}: ${text}`,
        ),
      );
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(
      [clean.filter((type) => type === "migration.applied").length, clean.at(-1)],
      [4, "run.finished"],
    );
  });

  test("a reset that is killed while one of its requests is answered: after the same reset again the other branch is applied once", async (t) => {
    const bench = await faultBench(t, otherBranch);
    const oneRun = await program(t, "one-run");
    const root = await projectOnDisk(t, filesOf(seven));
    const branch = { project: () => readProject(root) };
    await bench.run(newRequest(), branch);
    const before = bench.network.passed.length;
    await bench.run(newRequest("reset-to"));
    const requests = bench.network.passed.length - before;
    const wrong: string[] = [];
    let kills = 0;
    for (let at = 0; at < requests; at += scale.killStep) {
      await bench.database.reset(false);
      await bench.run(newRequest(), branch);
      const reset = oneRun(bench.network.url, bench.root, String(liveMs), "reset-to");
      let passed = 0;
      bench.network.expect(() => {
        passed += 1;
        if (passed !== at + 1) return undefined;
        kills += 1;
        reset.process.kill("SIGKILL");
        return undefined;
      });
      reset.process.stdin?.write("go\n");
      await reset.ended;
      await bench.endFaults();
      wrong.push(
        ...(await bench.problems(await bench.run(newRequest("reset-to")))).map(
          (text) => `killed at request ${String(at)}: ${text}`,
        ),
      );
    }
    assert.deepEqual(wrong, []);
    await t.annotate(`${String(kills)} kills`);
    assert.ok(kills > 0);
  });

  test("Hasura is killed at a request of a run and started again: the run continues, and every migration is applied once", async (t) => {
    const bench = await faultBench(t, three);
    await bench.run();
    const messages = bench.network.passed.length;
    const oneApi = await program(t, "one-api");
    const wrong: string[] = [];
    for (let at = 1; at < messages; at += 2 * scale.killStep) {
      await bench.endFaults();
      await bench.database.reset(false);
      let api = oneApi(bench.databaseUrl, "0");
      const url = String((await api.lines.next()).value);
      let restarted: Promise<unknown> = Promise.resolve();
      bench.network.toward(url);
      bench.network.expect(({ index }) => {
        if (index !== at) return undefined;
        restarted = api.kill().then(() => (api = oneApi(bench.databaseUrl, new URL(url).port)));
        return undefined;
      });
      // A tenth of the pauses: starting Hasura again takes real time.
      const ran = await bench.run(newRequest(), { sleep: shortened(10) });
      await bench.endFaults();
      const found = ran.failure ? [`the run ended with ${ran.failure.message}`] : [];
      wrong.push(
        ...[...found, ...(await bench.problems(await bench.run()))].map(
          (text) => `killed at request ${String(at)}: ${text}`,
        ),
      );
      await restarted;
      await api.kill();
      bench.network.toward(bench.hasuraUrl);
    }
    assert.deepEqual(wrong, []);
  });
});
