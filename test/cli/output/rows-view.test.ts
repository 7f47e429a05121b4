import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { csvLines, rowCount, rowsLines } from "../../../src/cli/output/views/rows.ts";
import { rowLimit } from "../../../src/protocol/operations.ts";
import type { EventOf } from "../../../src/protocol/events.ts";

const style = colorsFor({ isTTY: false }, {}, false);
type Cells = (string | null)[];
const event = (columns: string[], ...rows: Cells[]): EventOf<"rows"> => ({
  type: "rows",
  database: "default",
  columns,
  rows,
});

describe("the table of rows", () => {
  test("aligns numbers to the right, and distinguishes NULL from an empty string and from the word", () => {
    assert.deepEqual(
      rowsLines(
        event(
          ["id", "note", "n"],
          ["1", "a", "1.5"],
          ["12", null, null],
          ["3", "", "-20"],
          ["4", "NULL", "0"],
        ),
        style,
        80,
      ),
      [
        "id  note    n",
        "──  ──────  ────",
        " 1  a        1.5",
        "12  NULL    NULL",
        " 3  ''       -20",
        " 4  'NULL'     0",
      ],
    );
  });

  test("counts wide characters as two columns, and shows control characters", () => {
    assert.deepEqual(
      rowsLines(event(["名", "b"], ["漢字", "x\u001b[2J\ny"], ["é", "z"]), style, 80),
      ["名    b", "────  ───────", "漢字  x␛[2J␊y", "é     z"],
    );
  });

  test("cuts the widest columns to fit into 60", () => {
    const lines = rowsLines(
      event(["id", "text"], ["1", "x".repeat(200)], ["2", "漢".repeat(90)]),
      style,
      60,
    );
    for (const line of lines) assert.ok(textWidth(line) <= 60, line);
    assert.match(lines[2] ?? "", /^ 1 {2}x+…$/);
  });

  test("shows blocks if many columns do not fit into 60", () => {
    const names = Array.from({ length: 12 }, (_, i) => `a_long_name_of_column_${String(i)}`);
    const lines = rowsLines(
      event(
        names,
        names.map((name) => `${name} ${"y".repeat(100)}`),
        names.map(() => null),
      ),
      style,
      60,
    );
    assert.equal(lines.length, 2 * 13);
    assert.equal(lines[0], "─ row 1");
    for (const line of lines) assert.ok(textWidth(line) <= 60, line);
  });

  test("is not cut in a file or a pipe", () => {
    const [, , row] = rowsLines(event(["a"], ["x".repeat(5000)]), style, Infinity);
    assert.equal(row, "x".repeat(5000));
  });

  test("has a heading without rows, and nothing without columns", () => {
    assert.deepEqual(rowsLines(event(["a"]), style, 80), ["a", "─"]);
    assert.deepEqual(rowsLines(event([], []), style, 80), []);
  });

  test("of ten thousand rows and of a large value is quick", () => {
    const startedAt = performance.now();
    rowsLines(
      event(
        ["a", "b"],
        ...Array.from({ length: 10_000 }, (_, i): Cells => [String(i), "漢字 text"]),
      ),
      style,
      80,
    );
    rowsLines(event(["a"], ["x".repeat(4_000_000)]), style, 80);
    assert.ok(performance.now() - startedAt < 5000);
  });
});

describe("the count of rows", () => {
  test("shows what was cut off", () => {
    assert.equal(rowCount(event(["a"], ["1"])), "1 row");
    assert.match(
      rowCount({ ...event(["a"], ["1"], ["2"]), cut: "rows" }),
      /^! only the first 2 rows: there are more; raise --limit/,
    );
    const most = Array.from({ length: rowLimit.most }, (): Cells => ["1"]);
    assert.equal(
      rowCount({ ...event(["a"], ...most), cut: "rows" }),
      "! only the first 10000 rows: there are more, and 10000 is the maximum; narrow the query down",
    );
    assert.match(
      rowCount({ ...event(["a"], ["1"]), cut: "size" }),
      /^! only the first 1 row: .*too large/,
    );
  });
});

describe("rows as CSV", () => {
  const rows = event(
    ["a", "b,c"],
    ["1", null],
    ["", 'say "hi"'],
    ["two\nlines", "\\."],
    [" x", "\u001b[2J\t"],
    ["=1+1", "a;b"],
  );

  test("are exact in a file or a pipe", () => {
    assert.equal(
      csvLines(rows, true).join("\n"),
      'a,"b,c"\n1,\n"","say ""hi"""\n"two\nlines","\\."\n" x","\u001b[2J\t"\n=1+1,a;b',
    );
  });

  test("have no effect on a terminal", () => {
    assert.match(csvLines(rows, false).join("\n"), /"␛\[2J/);
  });
});
