import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { newRunView, reduceView, type RunView } from "../../../src/cli/output/run-view.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { plain as escaped } from "../../../src/cli/output/terminal/styled.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { progressLines } from "../../../src/cli/output/views/progress.ts";
import {
  applied,
  constraint,
  failedMigration,
  finished,
  item,
  migrationStarted,
  plan,
  started,
} from "../../support/run-events.ts";
import { eventOf } from "../run/support/runs.ts";

const plain = colorsFor({ isTTY: false }, {}, false);
const viewAfter = (events: readonly object[], now = 0): RunView =>
  events.map(eventOf).reduce((view, event) => reduceView(view, event, now), newRunView("apply"));
const drawn = (view: RunView, size: { columns?: number; rows?: number; now?: number } = {}) =>
  progressLines(view, { style: plain, columns: 60, rows: 24, now: 0, sign: escaped("*"), ...size });

const three = ["100", "200", "300"].map((version) => item(version, `name_${version}`));
const begun = [started(), plan(three), migrationStarted("100", "name_100")];

describe("run view", () => {
  test("planned migrations are pending until they start, and one runs at a time", () => {
    const versions = ({ pending }: RunView): string[] => pending.map(({ version }) => version);
    assert.deepEqual(versions(viewAfter(begun.slice(0, 2))), ["100", "200", "300"]);
    const running = viewAfter(begun, 5);
    assert.deepEqual(versions(running), ["200", "300"]);
    assert.deepEqual(running.running, {
      ...{ database: "default", version: "100" },
      name: "name_100",
      sinceMs: 5,
    });
    const done = viewAfter([...begun, applied("100", "name_100")]);
    assert.deepEqual([versions(done), done.running, done.done], [["200", "300"], undefined, 1]);
  });

  test("a redo has each version twice, and both steps run", () => {
    const steps = plan([item("100", "a", { direction: "down" }), item("100", "a")]);
    const down = viewAfter([
      started(),
      steps,
      { ...migrationStarted("100", "a"), direction: "down" },
    ]);
    assert.equal(down.pending.length, 1);
    const between = [started(), steps, migrationStarted("100", "a"), applied("100", "a")];
    assert.equal(viewAfter(between).pending.length, 1);
    assert.equal(viewAfter([...between, migrationStarted("100", "a")]).pending.length, 0);
  });

  test("the next event ends the current wait, and the closing one everything", () => {
    const waiting = { type: "waiting", reason: "lock", message: "waiting for a lock", waitedMs: 0 };
    assert.equal(viewAfter([...begun, waiting]).waitingFor, "waiting for a lock");
    const heartbeat = { type: "heartbeat", at: "2026-11-24T12:04:21Z" };
    assert.equal(viewAfter([...begun, waiting, heartbeat]).waitingFor, undefined);
    const closed = viewAfter([...begun, waiting, finished(1)]);
    assert.deepEqual(
      [closed.closed, closed.running, closed.pending, closed.waitingFor],
      [...[true, undefined, [], undefined]],
    );
  });

  test("the failure of a migration is remembered, so that the closing event need not repeat it", () => {
    const failed = viewAfter([...begun, failedMigration("100", "name_100", constraint)]);
    assert.equal(failed.shownFailure, constraint.message);
  });

  test("the running row is above the pending ones", () => {
    assert.deepEqual(drawn(viewAfter(begun), { now: 1234 }), [
      "* 100  name_100  1.2 s",
      "  200  name_200  12 lines",
      "  300  name_300  12 lines",
    ]);
  });

  test("nothing is shown before the first migration or after the last one", () => {
    assert.deepEqual(drawn(viewAfter(begun.slice(0, 2))), []);
    assert.deepEqual(drawn(viewAfter([...begun, applied("100", "a"), finished(1)])), []);
  });

  const thirty = Array.from({ length: 30 }, (_, i) =>
    item(String(1_700_000_000_000 + i), `a_rather_long_name_${i}_日本語の名前`),
  );
  const waiting = { type: "waiting", reason: "lock", message: "x".repeat(200), waitedMs: 0 };
  const many = viewAfter([
    started(),
    plan(thirty),
    migrationStarted("1700000000000", "a_rather_long_name_0_日本語の名前"),
    waiting,
  ]);

  for (const columns of [20, 40, 80]) {
    for (const rows of [3, 5, 10, 24]) {
      test(`30 migrations fit a terminal of ${columns} × ${rows}`, () => {
        const lines = drawn(many, { columns, rows });
        assert.ok(lines.length < rows, lines.join("\n"));
        for (const line of lines) assert.ok(textWidth(line) < columns, line);
        assert.match(lines[0] ?? "", /^\* 17000000000/);
        assert.match(lines.at(-1) ?? "", /^\* x+…$/);
      });
    }
  }

  test("what does not fit is counted", () => {
    const lines = drawn(many, { columns: 80, rows: 24 });
    assert.equal(lines.length, 1 + 8 + 1);
    assert.equal(lines.at(-2), "  … and 22 more");
  });
});
