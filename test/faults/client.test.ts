import assert from "node:assert/strict";
import { test, type TestContext } from "vitest";
import { clientBench, type ClientBench } from "./support/client-bench.ts";
import { atEvents, events, problemsAfter, type ClientFault } from "./support/client-fault.ts";
import { Lanes } from "./support/lanes.ts";
import { firstOf } from "./support/migrations.ts";
import { scale } from "./support/scale.ts";
import type { RequestFault } from "./support/stream-cut.ts";

const step = scale.clientStep;
const shares = Array.from(
  { length: scale.frameCuts },
  (_, index) => (index + 1) / (scale.frameCuts + 1),
);
const request = (
  fault: RequestFault,
  ends: number,
  more: Partial<ClientFault> = {},
): ClientFault => ({
  name: fault,
  faults: [fault],
  ends: [ends],
  ...more,
});
const reset = { what: "reset", at: 2 } as const;

// What waits the longest comes first, so that the rest is done meanwhile.
const modes: Readonly<Record<string, readonly ClientFault[]>> = {
  "the request itself fails": [
    { name: "refused", faults: [], ends: [4], sent: 0 },
    request("dropped", 4),
    request("lost", 0),
    request("lost at the end", 0),
    request("429", 0, { sent: 2 }),
    request("502", 4),
    request("503", 4),
    request("504", 4),
    request("502 late", 0),
    request("504 late", 0),
  ],
  "the connection is reset, and looking up the outcome of the run fails too": [
    ...(["dropped", "lost", "502", "503", "429"] as const).map((fault) => ({
      name: fault,
      faults: [reset, fault],
      ends: [0],
    })),
    ...(["reset", "half", "ended"] as const).map((what) => ({
      name: what,
      faults: [reset, { what, at: 0 }],
      ends: [0],
    })),
  ],
  "the function is killed": atEvents("passed", 1, { ends: [0, 4], kills: "function" }),
  "the connection is reset after an event": atEvents("reset", 1, { ends: [0] }),
  "the connection is reset in the middle of an event": shares.flatMap((share) =>
    atEvents("half", step, { ends: [0], share }),
  ),
  "the answer ends without what closes it": atEvents("ended", step, { ends: [0] }),
  "the answer stands still, and goes on when the function has ended": atEvents(
    "held",
    2 * step - 1,
    { ends: [0] },
  ),
  "the command line is killed": atEvents("passed", step, { ends: [null, 0], kills: "client" }),
};

test("faults between the CLI and the function: every report is true, and after one plain re-run every migration is applied once", async (t) => {
  const lanes = new Lanes(await Promise.all(Array.from({ length: 6 }, () => lane(t))));
  const wrong = Object.entries(modes).map(async ([mode, faults]) => {
    const all = Array.from({ length: scale.clientRounds }, () => faults).flat();
    const found = await Promise.all(
      all.map((fault) => lanes.run((bench) => problemsAfter(bench, fault))),
    );
    await t.annotate(`${mode}: ${String(all.length)} faults`);
    return found.flat().map((text) => `${mode}: ${text}`);
  });
  assert.deepEqual((await Promise.all(wrong)).flat(), []);
});

/** One environment whose function has been started, and that does what the numbers of events are about. */
async function lane(t: TestContext): Promise<ClientBench> {
  const bench = await clientBench(t, firstOf(3));
  const { code, stdout, stderr } = await bench.again();
  assert.deepEqual([code, stdout.trimEnd().split("\n").length], [0, events], stdout + stderr);
  return bench;
}
