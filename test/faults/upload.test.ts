import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { faultBench } from "./support/bench.ts";
import { clientBench } from "./support/client-bench.ts";
import { atEvents, type ClientFault } from "./support/client-fault.ts";
import { problemsAfterAll, type ClientModes } from "./support/client-modes.ts";
import { firstOf, seven } from "./support/migrations.ts";
import type { ClientSideFault } from "./support/relay.ts";
import { scale } from "./support/scale.ts";
import { runSchedule, scheduleOf, type Outcome } from "./support/schedule.ts";
import { inSlice, slices } from "./support/slice-modes.ts";

/*
 * The faults of a run whose migrations are uploaded: the same as those of a run from the image, whose expectations hold unchanged.
 */

const step = 2 * scale.clientStep;
const request = (fault: ClientSideFault & string, ends: number): ClientFault => ({
  name: fault,
  faults: [fault],
  ends: [ends],
});

const modes: ClientModes = {
  "the request with the upload fails": [
    request("dropped", 4),
    request("lost", 0),
    request("lost at the end", 0),
    { ...request("429", 0), sent: 2 },
    request("502", 4),
    request("502 late", 0),
    request("twice", 0),
    request("twice at the end", 0),
  ],
  "the function is killed": atEvents("passed", step, { ends: [0, 4], killsFunction: "event" }),
  "the connection is reset after an event": atEvents("reset", step, { ends: [0] }),
  "the answer ends without what closes it": atEvents("ended", step, { ends: [0] }),
  "the command line is killed": atEvents("passed", step, { ends: [null, 0], signal: "SIGKILL" }),
  "the command line is sent SIGTERM": atEvents("passed", step, {
    ends: [130, 0],
    signal: "SIGTERM",
  }),
  "a slice of the run is lost": slices.flatMap((slice) => [
    inSlice(slice, { name: "reset", faults: [{ what: "reset", at: 3 }], ends: [0] }),
    inSlice(slice, { name: "twice", faults: ["twice"], ends: [0] }),
  ]),
};

describe("uploaded migrations", () => {
  test("faults between the CLI and the function: every report is true, and after one plain re-run every migration is applied once", async (t) => {
    assert.deepEqual(await problemsAfterAll(t, modes, { lanes: 4, uploads: true }), []);
  });

  test("faults between the CLI and the function, of a reset to a directory: every report is true, and after the same command again its migrations alone are applied, once", async (t) => {
    assert.deepEqual(
      await problemsAfterAll(t, modes, { lanes: 4, uploads: true, resets: true }),
      [],
    );
  });

  test("faults of the question before an upload: nothing is run, and after one plain re-run every migration is applied once", async (t) => {
    const bench = await clientBench(t, firstOf(3), { uploads: true });
    const wrong: string[] = [];
    const faults: [fault: ClientSideFault, ends: number][] = [
      ["dropped", 4],
      ["lost", 4],
      ["502", 4],
      ["429", 0],
      [{ what: "reset", at: 1 }, 4],
      [{ what: "ended", at: 0 }, 4],
      [{ what: "half", at: 1, share: 0.5 }, 4],
    ];
    for (const [fault, ends] of faults) {
      await bench.database.reset(false);
      await bench.startFunction();
      let left = 1;
      bench.relay.expect({
        faultOf: () => undefined,
        inventoryFault: () => (left-- > 0 ? fault : undefined),
      });
      const { code, stdout, stderr } = await (await bench.begin()).ended;
      const name = typeof fault === "string" ? fault : fault.what;
      if (code !== ends) wrong.push(`${name}: it ended with ${String(code)}: ${stdout}${stderr}`);
      if (ends !== 0 && (await bench.inLedger()).length > 0) wrong.push(`${name}: something ran`);
      await bench.endFaults();
      wrong.push(...(await bench.again()).map((problem) => `${name}: ${problem}`));
    }
    assert.deepEqual(wrong, []);
  });

  const schedules = Math.ceil(scale.schedules / 5);
  test(`${String(schedules)} schedules of 2 to 4 runs at once under faults, seeds from ${String(scale.firstSeed)}: after one plain re-run every migration is applied once`, async (t) => {
    const outcomes: Outcome[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      const bench = await faultBench(t, seven, { uploads: true });
      for (let i = next++; i < schedules; i = next++)
        outcomes.push(await runSchedule(bench, scheduleOf(scale.firstSeed + i)));
    };
    await Promise.all([work(), work()]);
    assert.deepEqual(
      outcomes.flatMap((it) => it.wrong),
      [],
    );
    assert.equal(outcomes.length, schedules);
  });
});
