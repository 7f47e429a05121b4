import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { StopProgress } from "../../../src/cli/output/renderer.ts";
import { boardLines, closingLines } from "../../../src/cli/output/several/environment-lines.ts";
import {
  newEnvironmentView,
  reduceEnvironment,
  type EnvironmentChange,
  type EnvironmentView,
} from "../../../src/cli/output/several/environment-view.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { plain } from "../../../src/cli/output/terminal/styled.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { RunEvent } from "../../../src/protocol/events.ts";
import { applied, finished, item, migrationStarted, plan } from "../../support/run-events.ts";

const mark = ["1700000000100", "add_note"] as const;
const event = (raw: object): EnvironmentChange => ({
  type: "event",
  event: RunEvent.parse(raw),
  at: 0,
});
const stopping = (state: StopProgress["state"]): EnvironmentChange => ({
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

describe("the board in a terminal of any width", () => {
  const long = ["1700000000100", "add_discounts_to_orders_and_invoices"] as const;
  const begun = [{ type: "started", at: 0 }, event(plan([item(...long), item(...mark)]))] as const;
  const of = (environment: string, ...changes: readonly EnvironmentChange[]): EnvironmentView =>
    changes.reduce(reduceEnvironment, newEnvironmentView(environment, "apply"));
  const failure = new Failure("migration", "sql-failed", 'type "numerc" does not exist (SQLSTATE)');
  const views = [
    of("dev-1", ...begun, event(migrationStarted(...long))),
    of("dev-2", ...begun, event(applied(...long)), event(finished(2)), {
      ...{ type: "ended", result: "done", at: 4200 },
    }),
    of(
      "dev-3",
      ...begun,
      { type: "failed", failure },
      {
        ...{ type: "ended", result: "migration", at: 65_000 },
      },
    ),
    of("payments-production-eu", { type: "started", at: 0 }),
    of("payments-production-us"),
    of("日本語環境", { type: "skipped", reason: "dev-3 did not succeed" }),
    of("dev-7", ...begun, event(migrationStarted(...long)), stopping("requested")),
  ];
  const style = colorsFor({ isTTY: false }, {}, false);
  const shown = (columns: number): string[] =>
    boardLines(views, { style, columns, rows: 24, now: 3_725_000, sign: plain("*") }).map(String);

  for (const columns of [20, 40, 60, 200])
    test(`of ${String(columns)} columns: no line is wider, and every environment has its own`, () => {
      const lines = shown(columns);
      assert.deepEqual(
        lines.filter((line) => textWidth(line) >= columns),
        [],
      );
      assert.equal(lines.length, views.length + 1);
      assert.equal(new Set(lines.map((line) => line.slice(0, columns / 2))).size, lines.length);
      const closing = closingLines(views, { style, columns, now: 0 }).map(String);
      assert.deepEqual(
        closing.filter((line) => textWidth(line) > columns),
        [],
      );
    });

  test("of 40 columns says in which migration each is, how it ended, and for how long", () => {
    assert.deepEqual(
      shown(40).map((line) => line.replace(/ {2,}/g, "  ")),
      [
        "* dev-1  0/2 add_di…  1h 02m",
        "✓ dev-2  2 applied  4.2 s",
        '✗ dev-3  type "nume…  1m 05s',
        "* payments…tion-eu  starting  1h 02m",
        "· payments…tion-us  waiting",
        "· 日本語環境  not started: dev-3…",
        "* dev-7  0/2 stoppi…  1h 02m",
        "Press Ctrl-C again to detach.",
      ],
    );
  });

  test("of 200 columns cuts nothing", () => {
    const lines = shown(200);
    assert.match(
      String(lines[0]),
      / 0\/2 1700000000100 add_discounts_to_orders_and_invoices +1h 02m$/,
    );
    assert.ok(lines.every((line) => !line.replace("Stopping …", "").includes("…")));
  });
});
