import assert from "node:assert/strict";
import { test } from "vitest";
import { faultBench } from "./support/bench.ts";
import { seven } from "./support/migrations.ts";
import { scale } from "./support/scale.ts";
import { runSchedule, scheduleOf, type Outcome } from "./support/schedule.ts";

const workers = 3;
const { schedules, firstSeed } = scale;

test(`${String(schedules)} schedules of 2 to 4 runs at once under faults, seeds from ${String(firstSeed)}: after one plain re-run every migration is applied once`, async (t) => {
  const startedAt = performance.now();
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (worker: number): Promise<void> => {
    // One of the servers does not say what the database said, as a production server may be set.
    const bench = await faultBench(t, seven, { hideInternals: worker === 0 });
    for (let i = next++; i < schedules; i = next++)
      outcomes.push(await runSchedule(bench, scheduleOf(firstSeed + i)));
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  assert.deepEqual(
    outcomes.flatMap((it) => it.wrong),
    [],
  );
  const sum = (of: "faults" | "deaths"): string =>
    String(outcomes.reduce((total, it) => total + it[of], 0));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  assert.equal(outcomes.length, schedules);
  await t.annotate(
    `${String(schedules)} schedules, ${sum("faults")} faults, ${sum("deaths")} runs died, ${seconds} s`,
  );
});
