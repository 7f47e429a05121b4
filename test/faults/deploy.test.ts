import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { assess } from "../../src/lambda/assess.ts";
import type { Ran } from "../engine/support/run.ts";
import { liveMs, newRequest } from "./support/bench.ts";
import { killAt } from "./support/kill-at.ts";
import { metadataFaultBench, tracking, type MetadataFaultBench } from "./support/metadata-bench.ts";
import { firstOf } from "./support/migrations.ts";
import { networkFaults } from "./support/network.ts";
import { program } from "./support/programs.ts";
import { scale } from "./support/scale.ts";

interface Deployment extends MetadataFaultBench {
  deploy(): Promise<Ran>;
  /** Number of requests of a deployment that nothing happens to. */
  readonly requests: number;
}

/** A deployment of two migrations and of metadata that tracks a table of theirs. */
async function deployment(t: TestContext): Promise<Deployment> {
  const bench = await metadataFaultBench(t, firstOf(2), ["people"]);
  const deploy = (): Promise<Ran> =>
    bench.run(newRequest("apply", { metadata: true }), { ...bench.metadata, assess });
  bench.network.expect(() => undefined);
  await deploy();
  return { ...bench, deploy, requests: bench.network.passed.length };
}

async function reset(bench: Deployment): Promise<void> {
  await bench.database.reset(false);
  await bench.resetMetadata();
}

/** What is wrong after a plain re-run. */
async function problemsAfter(bench: Deployment): Promise<string[]> {
  return [...(await bench.problems(await bench.deploy())), ...(await bench.metadataProblems())];
}

// Each test has its own database and API.
describe.concurrent("deployment", () => {
  for (const fault of networkFaults) {
    test(`a request that is ${fault}, each one in turn: after one plain re-run every migration is applied once, and the metadata is the project's`, async (t) => {
      const bench = await deployment(t);
      assert.ok(bench.requests >= 12, `only ${String(bench.requests)} requests`);
      const wrong: string[] = [];
      for (let index = 0; index < bench.requests; index += 1) {
        await reset(bench);
        bench.network.expect((it) => (it.index === index ? fault : undefined));
        await bench.deploy();
        const sent = bench.network.passed[index]?.body.slice(0, 160);
        await bench.endFaults();
        wrong.push(
          ...(await problemsAfter(bench)).map(
            (text) => `request ${String(index)} (${sent ?? "-"}): ${text}`,
          ),
        );
      }
      assert.deepEqual(wrong, []);
    });
  }

  test("killed at its requests: after one plain re-run every migration is applied once, and the metadata is the project's", async (t) => {
    const bench = await deployment(t);
    const oneRun = await program(t, "one-run");
    const wrong: string[] = [];
    let kills = 0;
    for (let at = 0; at < bench.requests; at += scale.killStep) {
      await reset(bench);
      const run = oneRun(bench.network.url, bench.root, String(liveMs), "deploy");
      kills += await killAt(run, bench, ({ index }) => index === at);
      wrong.push(
        ...(await problemsAfter(bench)).map((text) => `killed at request ${String(at)}: ${text}`),
      );
    }
    assert.deepEqual(wrong, []);
    assert.ok(kills > 0);
  });

  test("two at once: every migration is applied once, and the metadata is the project's", async (t) => {
    const bench = await deployment(t);
    for (let round = 0; round < 3; round += 1) {
      await reset(bench);
      const ran = await Promise.all([bench.deploy(), bench.deploy()]);
      const failed = ran.flatMap(({ failure }) => failure?.code ?? []);
      // The second may have compared the metadata before the first replaced it.
      assert.ok(failed.length < 2, failed.join(", "));
      assert.deepEqual(await problemsAfter(bench), []);
    }
  });

  test("beside another writer at its requests: that change is kept, or shown before it is overwritten", async (t) => {
    const bench = await deployment(t);
    const wrong: string[] = [];
    for (let at = 0; at < bench.requests; at += 2) {
      await reset(bench);
      await bench.database.query("CREATE TABLE public.theirs (id int PRIMARY KEY)");
      let written = Promise.resolve(false);
      bench.network.expect(({ index }) => {
        if (index !== at) return undefined;
        // The writer itself may lose a race.
        written = bench
          .stored()
          .then(({ document }) => {
            const isDeployed = JSON.stringify(document).includes('"people"');
            const tables = isDeployed ? ["people", "theirs"] : ["theirs"];
            return bench.write(tracking(bench.before, tables));
          })
          .then(
            () => true,
            () => false,
          );
        return "slow";
      });
      const ran = await bench.deploy();
      const isWritten = await written;
      await bench.endFaults();
      const isKept = JSON.stringify((await bench.stored()).document).includes('"theirs"');
      const isShown = ran
        .of("metadata.diff")
        .some(({ changes }) => changes.some(({ path }) => path.at(-1)?.name === "public.theirs"));
      if (isWritten && !isKept && !isShown) wrong.push(`request ${String(at)}: lost`);
      const again = await bench.deploy();
      wrong.push(
        ...(again.failure ? [`request ${String(at)}: ${again.failure.code}`] : []),
        ...(await bench.metadataProblems()).map((text) => `request ${String(at)}: ${text}`),
      );
    }
    assert.deepEqual(wrong, []);
  });
});
