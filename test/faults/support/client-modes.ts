import assert from "node:assert/strict";
import type { TestContext } from "vitest";
import { clientBench, type ClientBench, type ClientBenchOptions } from "./client-bench.ts";
import { events, problemsAfter, requests, type ClientFault } from "./client-fault.ts";
import { Lanes } from "./lanes.ts";
import { firstOf, shortBranch } from "./migrations.ts";
import { scale } from "./scale.ts";

/** Faults of one kind each, by what they have in common. */
export type ClientModes = Readonly<Record<string, readonly ClientFault[]>>;

/** Injects every fault, each in an environment that no other one uses meanwhile; returns what is wrong after them, and notes how many there were. */
export async function problemsAfterAll(
  t: TestContext,
  modes: ClientModes,
  { lanes: count, ...options }: { readonly lanes: number } & ClientBenchOptions,
): Promise<string[]> {
  const started = Array.from({ length: count }, () => lane(t, options));
  const lanes = new Lanes(await Promise.all(started));
  const wrong = Object.entries(modes).map(async ([mode, faults]) => {
    const all = Array.from({ length: scale.clientRounds }, () => faults).flat();
    const found = await Promise.all(
      all.map((fault) => lanes.run((bench) => problemsAfter(bench, fault))),
    );
    await t.annotate(`${mode}: ${String(all.length)} faults`);
    return found.flat().map((text) => `${mode}: ${text}`);
  });
  return (await Promise.all(wrong)).flat();
}

/** One environment whose function has been started, and that does what the numbers of events and requests are about. */
async function lane(t: TestContext, options: ClientBenchOptions): Promise<ClientBench> {
  const bench = await clientBench(t, options.resets ? shortBranch : firstOf(3), options);
  await bench.startFunction();
  await bench.prepare();
  const { code, stdout, stderr } = await bench.builtRun();
  assert.deepEqual([code, stdout.trimEnd().split("\n").length], [0, events], stdout + stderr);
  assert.ok(bench.network.passed.length >= requests);
  return bench;
}
