import assert from "node:assert/strict";
import { test } from "vitest";
import { faultBench, type FaultBench } from "./support/bench.ts";
import { migrations } from "./support/migrations.ts";
import { networkFaults, type NetworkFault } from "./support/network.ts";
import { officialRun } from "./support/official.ts";
import { scale } from "./support/scale.ts";

type Protocol = (bench: FaultBench) => Promise<unknown>;
const ours: Protocol = (bench) => bench.run();
const official: Protocol = (bench) => officialRun(bench.network.url, migrations);

/** One fault at each request in turn, one plain re-run: of how many tries the database is then wrong. */
async function wrongAfter(
  bench: FaultBench,
  protocol: Protocol,
  fault: NetworkFault,
  most: number,
): Promise<[wrong: number, tries: number]> {
  await bench.calm();
  await bench.database.reset(false);
  await protocol(bench);
  const requests = bench.network.passed.length;
  const step = Math.max(1, Math.floor(requests / most));
  let [wrong, tries] = [0, 0];
  for (let at = 0; at < requests; at += step) {
    await bench.calm();
    await bench.database.reset(false);
    bench.network.expect(({ index }) => (index === at ? fault : undefined));
    await protocol(bench);
    await bench.calm();
    await protocol(bench);
    const { done, catalog } = await bench.database.facts();
    wrong += JSON.stringify([done, catalog]) === everyOnce ? 0 : 1;
    tries += 1;
  }
  return [wrong, tries];
}
const all = Object.keys(migrations).map((name) => name.slice(0, 1));
const everyOnce = JSON.stringify([all, all]);

test("after a fault at any request and one re-run, none of ours needs a repair; of the official request order, those after the SQL do", async (t) => {
  const bench = await faultBench(t, migrations);
  const rows: string[] = [];
  let [oursWrong, officialWrong] = [0, 0];
  for (const fault of networkFaults) {
    const mine = await wrongAfter(bench, ours, fault, scale.compared);
    const theirs = await wrongAfter(bench, official, fault, scale.compared);
    oursWrong += mine[0];
    officialWrong += theirs[0];
    rows.push(`| ${fault} | ${theirs.join(" of ")} | ${mine.join(" of ")} |`);
  }
  const table = [
    "| fault at each request in turn | official request order | hasura-migrate |",
    "| --- | --- | --- |",
    ...rows,
  ];
  for (const row of table) await t.annotate(row);
  assert.equal(oursWrong, 0, table.join("\n"));
  assert.ok(officialWrong > 0, "the faults do not reach what they are about");
});
