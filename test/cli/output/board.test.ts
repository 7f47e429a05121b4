import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { RunStop } from "../../../src/cli/output/renderer.ts";
import { boardLines } from "../../../src/cli/output/several/environment-lines.ts";
import {
  newEnvironmentView,
  reduceEnvironment,
  type EnvironmentChange,
  type EnvironmentView,
} from "../../../src/cli/output/several/environment-view.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { plain } from "../../../src/cli/output/terminal/styled.ts";
import { RunEvent } from "../../../src/protocol/events.ts";
import { item, migrationStarted, plan } from "../../support/run-events.ts";

const mark = ["1700000000100", "add_note"] as const;
const event = (raw: object): EnvironmentChange => ({
  type: "event",
  event: RunEvent.parse(raw),
  at: 0,
});
const stopping = (state: RunStop["state"]): EnvironmentChange => ({
  type: "stopping",
  stop: { state, text: `text of ${state}` },
});
const running: EnvironmentChange[] = [{ type: "started", at: 0 }, event(plan([item(...mark)]))];

function viewAfter(...changes: readonly EnvironmentChange[]): EnvironmentView {
  return changes.reduce(reduceEnvironment, newEnvironmentView("dev-1", "apply"));
}

function board(views: readonly EnvironmentView[], rows = 24): string[] {
  const style = colorsFor({ isTTY: false }, {}, false);
  return boardLines(views, { style, columns: 80, rows, now: 0, sign: plain("*") }).map(String);
}

describe("the board of several environments", () => {
  for (const [what, changes, expected] of [
    [
      "requested",
      [event(migrationStarted(...mark)), stopping("requested")],
      / 0\/1 stopping after 1700000000100 add_note /,
    ],
    [
      "accepted",
      [event(migrationStarted(...mark)), stopping("accepted")],
      / 0\/1 stopping after 1700000000100 add_note /,
    ],
    [
      "requested between migrations",
      [stopping("requested")],
      / 0\/1 stopping before the next migration /,
    ],
  ] as const)
    test(`says how a stop that was ${what} takes effect, and what a second Ctrl-C does`, () => {
      const [line, advice, ...others] = board([viewAfter(...running, ...changes)]);
      assert.match(String(line), expected);
      assert.match(String(advice), /Press Ctrl-C again to detach\./);
      assert.deepEqual(others, []);
    });

  test("keeps its height when the advice is below it", () => {
    const views = Array.from({ length: 30 }, () => viewAfter(...running, stopping("requested")));
    assert.equal(
      board(views, 10).length,
      board(
        views.map(() => viewAfter(...running)),
        10,
      ).length,
    );
  });

  test("gives no more advice when the run has ended", () => {
    const ended = viewAfter(...running, stopping("accepted"), {
      type: "ended",
      result: "interrupted",
      at: 0,
    });
    assert.equal(board([ended]).length, 1);
  });

  test("keeps only a failed stop request for the end", () => {
    assert.deepEqual(viewAfter(...running, stopping("accepted")).notices, []);
    const failed = viewAfter(...running, event(migrationStarted(...mark)), stopping("failed"));
    assert.deepEqual(failed.notices, ["text of failed"]);
    assert.match(String(board([failed])[0]), / 0\/1 1700000000100 add_note /);
  });
});
