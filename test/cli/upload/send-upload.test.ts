import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { sendUpload } from "../../../src/cli/upload/send-upload.ts";
import { RunEvent, type ClosingEvent } from "../../../src/protocol/events.ts";
import { failedRun, finished, plan, started } from "../../support/run-events.ts";

const uploadOf = (data: string) => ({
  envelope: { encoding: "brotli" as const, data },
  from: { directory: "shop" },
});
const event = (given: object): RunEvent => RunEvent.parse(given);
const start = event(started());
const refusal = (code: string, more: object = {}): RunEvent =>
  event({
    ...failedRun({ kind: "busy", code, message: "Something has changed." }),
    ...more,
  });

function closingOf(events: readonly RunEvent[]): ClosingEvent {
  const last = events.at(-1);
  assert(last?.type === "run.finished" || last?.type === "run.failed");
  return last;
}

/** Sends an upload to a function that answers like this; what is shown of it, and which uploads were sent. */
async function shownOf(answers: readonly (readonly RunEvent[])[]) {
  const shown: string[] = [];
  const sent: string[] = [];
  const left = [...answers];
  const { closing } = await sendUpload({
    make: async (again) => uploadOf(again ? "again" : "first"),
    send: async ({ envelope: { data } }, onEvent) => {
      sent.push(data);
      const events = left.shift() ?? assert.fail("nothing more was expected");
      for (const each of events) onEvent(each);
      return { closing: closingOf(events) };
    },
    onEvent: ({ type }) => shown.push(type),
  });
  assert.equal(left.length, 0, "not every answer was asked for");
  return { shown, sent, closing: closing.type };
}

const good = [start, event(plan([])), event(finished(0))];

describe("sending an upload", () => {
  test("shows a successful run unchanged", async () => {
    const { shown, sent } = await shownOf([good]);
    assert.deepEqual(shown, ["run.started", "plan", "run.finished"]);
    assert.deepEqual(sent, ["first"]);
  });

  for (const code of ["image-changed", "upload-outdated"]) {
    test(`is repeated after ${code}, and shows only the last run`, async () => {
      const { shown, sent } = await shownOf([[start, refusal(code)], good]);
      assert.deepEqual(shown, ["run.started", "plan", "run.finished"]);
      assert.deepEqual(sent, ["first", "again"]);
    });
  }

  test("ends after three refusals, and shows the last one", async () => {
    const refused = [start, refusal("image-changed")];
    const { shown, sent, closing } = await shownOf([refused, refused, refused]);
    assert.deepEqual(shown, ["run.started", "run.failed"]);
    assert.deepEqual([sent, closing], [["first", "again", "again"], "run.failed"]);
  });

  const final: [what: string, events: readonly RunEvent[]][] = [
    ["another failure", [start, refusal("another-run")]],
    ["a refusal before the start", [refusal("uploads-not-allowed", { applied: 0 })]],
    ["a run that has applied something", [start, refusal("upload-outdated", { applied: 1 })]],
  ];
  for (const [what, events] of final) {
    test(`does not repeat ${what}`, async () => {
      const { shown, sent } = await shownOf([events]);
      assert.deepEqual(
        shown,
        events.map(({ type }) => type),
      );
      assert.deepEqual(sent, ["first"]);
    });
  }
});
