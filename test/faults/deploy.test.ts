import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { assess } from "../../src/lambda/assess.ts";
import type { Ran } from "../engine/support/run.ts";
import { liveMs, newRequest } from "./support/bench.ts";
import { besideWriter } from "./support/beside-writer.ts";
import { killAt } from "./support/kill-at.ts";
import { metadataFaultBench, type MetadataFaultBench } from "./support/metadata-bench.ts";
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

/** Every n-th request of a deployment, from the first one. */
function placesOf({ requests }: Deployment, n: number): number[] {
  return Array.from({ length: Math.ceil(requests / n) }, (_, place) => place * n);
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
    const requests = placesOf(bench, scale.killStep);
    let kills = 0;
    for (const at of requests) {
      await reset(bench);
      const run = oneRun(bench.network.url, bench.root, String(liveMs), "deploy");
      kills += await killAt(run, bench, ({ index }) => index === at);
      wrong.push(
        ...(await problemsAfter(bench)).map((text) => `killed at request ${String(at)}: ${text}`),
      );
    }
    assert.deepEqual(wrong, []);
    assert.ok(kills > requests.length / 2, `${String(kills)} kills`);
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
    const requests = placesOf(bench, 2);
    const { wrong, shown, kept } = await besideWriter(bench, {
      requests,
      reset: async () => {
        await reset(bench);
        await bench.database.query("CREATE TABLE public.theirs (id int PRIMARY KEY)");
      },
      run: () => bench.deploy(),
    });
    assert.deepEqual(wrong, []);
    assert.ok(shown > 0 && kept > 0, `${String(shown)} shown, ${String(kept)} kept`);
    assert.ok(shown + kept > (3 * requests.length) / 2, `${String(shown + kept)} changes`);
  });
});
