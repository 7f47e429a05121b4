import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { screenOf, svgOf } from "../../scripts/terminal-svg.mjs";

/** The text of each line that a terminal of 20 columns shows, with its columns. */
async function shown(output: string): Promise<string[]> {
  const lines = await screenOf(output, { columns: 20 });
  return lines.map((spans) =>
    spans.reduce((line, { column, text }) => line.padEnd(column) + text, ""),
  );
}

describe("the screen", () => {
  test("shows a redrawn line only in its last state", async () => {
    assert.deepEqual(await shown("| applying\r\x1b[K✓ applied\r\nend"), ["✓ applied", "end"]);
  });

  test("follows the cursor up, and erases", async () => {
    assert.deepEqual(await shown("one\r\ntwo\r\nthree\r\n\x1b[2A\x1b[0JTWO"), ["one", "TWO"]);
  });

  test("keeps lines that have scrolled away", async () => {
    const lines = Array.from({ length: 80 }, (_, index) => `line ${String(index)}`);
    assert.deepEqual(await shown(lines.join("\r\n")), lines);
  });

  test("supports styles, and the position of a text", async () => {
    const [spans = []] = await screenOf("  \x1b[1;31mred\x1b[0m \x1b[2mdim\x1b[0m", {
      columns: 20,
    });
    assert.deepEqual(
      spans.map(({ column, width, text, bold, dim }) => ({ column, width, text, bold, dim })),
      [
        { column: 2, width: 3, text: "red", bold: true, dim: false },
        { column: 6, width: 3, text: "dim", bold: false, dim: true },
      ],
    );
    assert.notEqual(spans[0]?.colour, spans[1]?.colour);
  });

  test("counts a wide letter as two columns", async () => {
    const [spans = []] = await screenOf("漢字 \x1b[32mok\x1b[0m", { columns: 20 });
    assert.deepEqual(
      spans.map(({ column, width, text }) => ({ column, width, text })),
      [
        { column: 0, width: 4, text: "漢字" },
        { column: 5, width: 2, text: "ok" },
      ],
    );
  });
});

test("the picture escapes what it shows, and has the title", async () => {
  const svg = svgOf(await screenOf("<a> & b", { columns: 20 }), { title: "A & B" });
  assert.match(svg, /<title>A &amp; B<\/title>/);
  assert.match(svg, /xml:space="preserve">&lt;a&gt; &amp; b<\/text>/);
});

test("the picture refers to no external font or picture", async () => {
  const svg = svgOf(await screenOf("text", { columns: 20 }), { title: "Terminal" });
  assert.doesNotMatch(svg, /@font-face|url\(|href/);
});
