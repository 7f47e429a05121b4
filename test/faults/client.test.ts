import assert from "node:assert/strict";
import { test } from "vitest";
import { atEvents, type ClientFault } from "./support/client-fault.ts";
import { problemsAfterAll, type ClientModes } from "./support/client-modes.ts";
import { scale } from "./support/scale.ts";
import type { RequestFault } from "./support/request-faults.ts";

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
const modes: ClientModes = {
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
    request("twice", 0),
    request("twice at the end", 0),
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
  "the function is killed": atEvents("passed", 1, { ends: [0, 4], killsFunction: "event" }),
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
  "the command line is killed": atEvents("passed", step, { ends: [null, 0], signal: "SIGKILL" }),
  "the command line is sent SIGTERM": atEvents("passed", step ** 2, {
    ends: [130, 0],
    signal: "SIGTERM",
  }),
  "the command line is sent SIGHUP": atEvents("passed", step ** 2, {
    ends: [130, 0],
    signal: "SIGHUP",
  }),
};

test("faults between the CLI and the function: every report is true, and after one plain re-run every migration is applied once", async (t) => {
  assert.deepEqual(await problemsAfterAll(t, modes, { lanes: 6 }), []);
});
