import assert from "node:assert/strict";
import { test, type TestContext } from "vitest";
import { faultBench, type FaultBench } from "./support/bench.ts";
import { migrations } from "./support/migrations.ts";
import { networkFaults, type NetworkFault } from "./support/network.ts";
import { officialRun } from "./support/official.ts";
import { scale } from "./support/scale.ts";

type Protocol = (bench: FaultBench) => Promise<unknown>;
const ours: Protocol = (bench) => bench.run();
const official: Protocol = (bench) => officialRun(bench.network.url, migrations);

type Count = readonly [wrong: number, tries: number];

/** For each fault of `networkFaults`, on a bench of the protocol's own. */
async function counts(t: TestContext, protocol: Protocol): Promise<Count[]> {
  const bench = await faultBench(t, migrations);
  const found: Count[] = [];
  for (const fault of networkFaults)
    found.push(await wrongAfter(bench, protocol, fault, scale.compared));
  return found;
}

/** One fault at each request in turn, one plain re-run: of how many tries the database is then wrong. */
async function wrongAfter(
  bench: FaultBench,
  protocol: Protocol,
  fault: NetworkFault,
  most: number,
): Promise<Count> {
  await bench.endFaults();
  await bench.database.reset(false);
  await protocol(bench);
  const requests = bench.network.passed.length;
  const step = Math.max(1, Math.floor(requests / most));
  let [wrong, tries] = [0, 0];
  for (let at = 0; at < requests; at += step) {
    await bench.endFaults();
    await bench.database.reset(false);
    bench.network.expect(({ index }) => (index === at ? fault : undefined));
    await protocol(bench);
    await bench.endFaults();
    await protocol(bench);
    const { done, catalog } = await bench.database.facts();
    wrong += JSON.stringify([done, catalog]) === everyOnce ? 0 : 1;
    tries += 1;
  }
  return [wrong, tries];
}
const all = Object.keys(migrations).map((name) => name.slice(0, 1));
const everyOnce = JSON.stringify([all, all]);

test("after a fault at any request and one re-run, hasura-migrate needs no repair; the official request order does, for faults after the SQL", async (t) => {
  const [own, theirs] = await Promise.all([counts(t, ours), counts(t, official)]);
  const table = [
    "| fault at each request in turn | official request order | hasura-migrate |",
    "| --- | --- | --- |",
    ...networkFaults.map(
      (fault, i) =>
        `| ${fault} | ${theirs[i]?.join(" of ") ?? ""} | ${own[i]?.join(" of ") ?? ""} |`,
    ),
  ];
  for (const row of table) await t.annotate(row);
  const sum = (list: readonly Count[]): number => list.reduce((total, [wrong]) => total + wrong, 0);
  assert.equal(sum(own), 0, table.join("\n"));
  assert.ok(sum(theirs) > 0, "the faults do not reach what they are about");
});
