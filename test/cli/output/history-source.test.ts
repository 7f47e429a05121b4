import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { historyLines } from "../../../src/cli/output/views/history.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import type { HistoryRow } from "../../../src/protocol/history-row.ts";

const style = colorsFor({ isTTY: false }, {}, false);
const run: HistoryRow = {
  runId: "0199a7c0-0000-7000-8000-000000000000",
  ...{ operation: "apply", user: "ada", host: "laptop", requestId: "r-1", live: false },
  ...{ startedAt: "2026-11-24T10:00:00Z", endedAt: "2026-11-24T10:00:01Z" },
  ...{ outcome: "finished", imageCommit: "9f02d1e0000000", migrations: [] },
};
const linesOf = (row: HistoryRow, whole: boolean): string =>
  historyLines({ type: "history", runs: [row] }, { whole, style, columns: 120 }).join("\n");

const source = { kind: "upload", directory: "shop/hasura", branch: "add-coupons" };

describe("queries", () => {
  const shown = (runs: HistoryRow[], queries?: number): string[] =>
    historyLines({ type: "history", runs, queries }, { whole: false, style, columns: 120 });

  test("that are not listed are counted in the last line", () => {
    assert.equal(shown([run], 12).at(-1), "12 queries are not listed; --queries lists them");
    assert.deepEqual(shown([], 1), ["1 query is not listed; --queries lists it"]);
    assert.equal(shown([run], 0).length, shown([run]).length);
    assert.deepEqual(shown([], 0), ["No runs yet."]);
  });
});

describe("where a past run's migrations came from", () => {
  const cases: [what: string, row: HistoryRow, short: RegExp][] = [
    ["the image", { ...run, source: { kind: "image" } }, /run 0199a7c0-0000 {2}commit 9f02d1e/],
    ["a run of an older version", run, /commit 9f02d1e/],
    ["a branch", { ...run, source }, /run 0199a7c0-0000 {2}uploaded add-coupons/],
    [
      "a directory without a branch",
      { ...run, source: { kind: "upload", directory: "shop/hasura" } },
      /uploaded shop\/hasura/,
    ],
  ];
  for (const [what, row, short] of cases) {
    test(`${what} is named in short`, () => assert.match(linesOf(row, false), short));
  }

  test("an upload is named in full, as reported by its client", () => {
    const row = { ...run, source: { ...source, commit: "4c6ea1a", dirty: true } };
    assert.match(
      linesOf(row, true),
      /uploaded from shop\/hasura \(add-coupons, 4c6ea1a, uncommitted changes\) \(self-reported\)/,
    );
    assert.doesNotMatch(linesOf(run, true), /uploaded/);
  });
});
