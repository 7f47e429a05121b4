import assert from "node:assert/strict";
import { test } from "vitest";
import { bufferedModes } from "./support/buffered-modes.ts";
import { problemsAfterAll } from "./support/client-modes.ts";
import { silenceModes } from "./support/silence-modes.ts";
import { sliceModes } from "./support/slice-modes.ts";

test("silence between the CLI and the function, runs of several invocations, and buffered answers: every report is true, and after one plain re-run every migration is applied once", async (t) => {
  // What waits the longest comes first, so that the rest is done meanwhile.
  const modes = { ...silenceModes, ...bufferedModes, ...sliceModes };
  assert.deepEqual(await problemsAfterAll(t, modes, { lanes: 4, shortWaits: true }), []);
});
