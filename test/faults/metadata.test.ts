import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { liveMs, newRequest } from "./support/bench.ts";
import { besideWriter } from "./support/beside-writer.ts";
import { killAt } from "./support/kill-at.ts";
import { metadataFaultBench, type MetadataFaultBench } from "./support/metadata-bench.ts";
import { firstOf } from "./support/migrations.ts";
import { networkFaults } from "./support/network.ts";
import { program } from "./support/programs.ts";

const tables = ["people"];
const migrations = firstOf(2);
const request = () => newRequest("metadata-apply");

/** What is wrong after a plain re-run: the metadata must have been replaced exactly once. */
async function problemsAfter(bench: MetadataFaultBench, before: number): Promise<string[]> {
  const { failure } = await bench.run(request(), bench.metadata);
  const { version } = await bench.stored();
  return [
    ...(failure ? [`the run ended with ${failure.code}: ${failure.message}`] : []),
    ...(version === before + 1 ? [] : [`replaced ${String(version - before)} times`]),
    ...(await bench.metadataProblems()),
  ];
}

// Each test has its own database and API.
describe.concurrent("metadata apply", () => {
  for (const fault of networkFaults) {
    test(`a request that is ${fault}, each one of a run in turn: after one plain re-run the metadata was replaced once`, async (t) => {
      const bench = await metadataFaultBench(t, migrations, tables);
      await bench.run();
      bench.network.expect(() => undefined);
      await bench.run(request(), bench.metadata);
      const requests = bench.network.passed.length;
      assert.ok(requests >= 9, `only ${String(requests)} requests`);
      const wrong: string[] = [];
      for (let index = 0; index < requests; index += 1) {
        const before = await bench.resetMetadata();
        bench.network.expect((it) => (it.index === index ? fault : undefined));
        const hit = await bench.run(request(), bench.metadata);
        const sent = bench.network.passed[index]?.body.slice(0, 160);
        await bench.endFaults();
        const isApplied = (await bench.stored()).version > before;
        const found = [
          // A failure is reported only if nothing took effect.
          ...(isApplied && hit.failure ? [`reported as failed: ${hit.failure.code}`] : []),
          ...(!isApplied && !hit.failure ? ["reported as done"] : []),
          ...(await problemsAfter(bench, before)),
        ];
        wrong.push(...found.map((text) => `request ${String(index)} (${sent ?? "-"}): ${text}`));
      }
      assert.deepEqual(wrong, []);
      await t.annotate(`${String(requests)} faults`);
    });
  }

  test("a run that is killed at each of its requests: after one plain re-run the metadata was replaced once", async (t) => {
    const bench = await metadataFaultBench(t, migrations, tables);
    await bench.run();
    bench.network.expect(() => undefined);
    await bench.run(request(), bench.metadata);
    const requests = bench.network.passed.length;
    const oneRun = await program(t, "one-run");
    const wrong: string[] = [];
    let kills = 0;
    for (let at = 0; at < requests; at += 1) {
      const before = await bench.resetMetadata();
      const run = oneRun(bench.network.url, bench.root, String(liveMs), "metadata-apply");
      kills += await killAt(run, bench, ({ index }) => index === at);
      wrong.push(
        ...(await problemsAfter(bench, before)).map(
          (text) => `killed at request ${String(at)}: ${text}`,
        ),
      );
    }
    assert.deepEqual(wrong, []);
    assert.ok(kills >= requests - 1, `${String(kills)} kills`);
  });

  test("two runs at once: the metadata is replaced once", async (t) => {
    const bench = await metadataFaultBench(t, migrations, tables);
    await bench.run();
    for (let round = 0; round < 5; round += 1) {
      const before = await bench.resetMetadata();
      const ran = await Promise.all([1, 2].map(() => bench.run(request(), bench.metadata)));
      assert.deepEqual(
        ran.map(({ failure }) => failure?.code),
        [undefined, undefined],
      );
      assert.deepEqual(await problemsAfter(bench, before), []);
    }
  });

  test("beside another writer at each of its requests: that change is kept, or shown before it is overwritten", async (t) => {
    const bench = await metadataFaultBench(t, migrations, tables);
    await bench.run();
    await bench.database.query("CREATE TABLE public.theirs (id int PRIMARY KEY)");
    bench.network.expect(() => undefined);
    await bench.run(request(), bench.metadata);
    const requests = bench.network.passed.map(({ index }) => index);
    const { wrong, shown, kept } = await besideWriter(bench, {
      requests,
      reset: () => bench.resetMetadata(),
      run: () => bench.run(request(), bench.metadata),
    });
    assert.deepEqual(wrong, []);
    assert.ok(shown > 0 && kept > 0, `${String(shown)} shown, ${String(kept)} kept`);
    assert.ok(shown + kept > (3 * requests.length) / 2, `${String(shown + kept)} changes`);
  });
});
