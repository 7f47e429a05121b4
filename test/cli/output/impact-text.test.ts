import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { planLines } from "../../../src/cli/output/views/plan.ts";
import type { EventOf } from "../../../src/protocol/events.ts";
import type { PlanItem } from "../../../src/protocol/plan-items.ts";
import { byteSize, impactText, rowCount } from "../../../src/protocol/impact-text.ts";
import type { StatementImpact } from "../../../src/protocol/impact.ts";

const rewrite: StatementImpact = {
  ...{ line: 3, table: "orders", effect: "rewrite", lock: "ACCESS EXCLUSIVE" },
  ...{ blocks: "reads and writes", rows: 1_200_000, bytes: 340_000_000 },
  ...{ rules: ["column-rewrite"], risk: "blocking", needs: ["column-rewrite"] },
};
const lost = (
  what: string,
  name: string,
  more: Partial<StatementImpact> = {},
): StatementImpact => ({
  ...rewrite,
  ...{ effect: "data-loss", loses: { what, name } },
  ...more,
});

const item: PlanItem = {
  ...{ version: "1726643580993", name: "search", direction: "up", lines: 4, transaction: true },
  file: "migrations/default/1726643580993_search/up.sql",
};
const planWith = (more: Partial<PlanItem>): EventOf<"plan"> => ({
  type: "plan",
  databases: [{ database: "default", kind: "postgres", applied: 7, items: [{ ...item, ...more }] }],
});
const shown = (more: Partial<PlanItem>, columns: number): readonly string[] =>
  planLines(planWith(more), colorsFor({ isTTY: false }, {}, false), columns);

describe("the description of a planned statement", () => {
  test.each([
    [rewrite, "rewrites orders: 1.2 M rows, 340 MB; blocks reads and writes"],
    [
      { ...rewrite, effect: "scan", blocks: "writes" },
      "reads all of orders: 1.2 M rows, 340 MB; blocks writes",
    ],
    [
      { ...rewrite, effect: "scan", blocks: "schema changes" },
      "reads all of orders: 1.2 M rows, 340 MB",
    ],
    [
      lost("table", "orders"),
      "drops the table orders: 1.2 M rows, 340 MB; blocks reads and writes",
    ],
    [
      lost("column", "orders.note", { rows: 1, bytes: 8192 }),
      "drops the column orders.note: 1 row, 8.2 kB; blocks reads and writes",
    ],
    [lost("rows", "orders", { rows: 0 }), "removes all rows of orders: empty"],
    [
      { ...lost("rows", "orders"), rows: undefined },
      "removes all rows of orders: unknown number of rows, 340 MB; blocks reads and writes",
    ],
    [
      { ...rewrite, rows: undefined, bytes: undefined },
      "rewrites orders: size not known; blocks reads and writes",
    ],
    [
      { line: 1, rules: [], effect: "data-loss", loses: { what: "schema", name: "shop" } },
      "drops the schema shop with everything in it",
    ],
    [
      { line: 1, rules: [], effect: "data-loss", loses: { what: "owned", name: "app" } },
      "drops everything that app owns",
    ],
    [
      { line: 1, rules: [], effect: "data-loss", loses: { what: "dependents", name: "mood" } },
      "drops mood with everything that depends on it",
    ],
    [{ ...rewrite, message: "Renaming a to b breaks clients." }, "Renaming a to b breaks clients."],
    [
      { ...rewrite, effect: "an effect of a newer function" },
      "changes orders: 1.2 M rows, 340 MB; blocks reads and writes",
    ],
  ])("%#", (impact, expected) => {
    assert.equal(impactText(impact), expected);
  });

  test("is shown below its migration, and fits into a narrow terminal", () => {
    assert.deepEqual(shown({ statements: [rewrite] }, 120), [
      "1 pending in default (postgres), 7 applied",
      "  1726643580993  search  4 lines",
      "      line 3: rewrites orders: 1.2 M rows, 340 MB; blocks reads and writes [column-rewrite]",
    ]);
    const narrow = shown({ statements: [rewrite] }, 60);
    assert.deepEqual(narrow.slice(2), [
      "      line 3: rewrites orders: 1.2 M rows, 340 MB; blocks",
      "        reads and writes [column-rewrite]",
    ]);
  });

  test("a file that was not examined is shown with the reason", () => {
    const why = 'line 2: syntax error at or near "TABL"';
    assert.deepEqual(shown({ notAssessed: why }, 120).slice(2), [`      not examined: ${why}`]);
  });

  test.each([
    [0, "0 rows", "0 B"],
    [1, "1 row", "1 B"],
    [999, "999 rows", "999 B"],
    [1000, "1.0 k rows", "1.0 kB"],
    [9950, "10 k rows", "10 kB"],
    [999_499, "999 k rows", "999 kB"],
    [999_600, "1.0 M rows", "1.0 MB"],
    [2_400_000_000, "2.4 bn rows", "2.4 GB"],
    [5e15, "5000000 bn rows", "5000 TB"],
  ])("%d as a count and as a size", (value, rows, bytes) => {
    assert.deepEqual([rowCount(value), byteSize(value)], [rows, bytes]);
  });
});
