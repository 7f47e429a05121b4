import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { rehearsalLines } from "../../../src/cli/output/views/rehearsal.ts";
import type { EventOf } from "../../../src/protocol/events.ts";

const style = colorsFor({ isTTY: false }, {}, false);
const succeeded: EventOf<"rehearsal"> = {
  type: "rehearsal",
  database: "default",
  tookMs: 1234,
  migrations: [
    {
      ...{ version: "100", name: "note", file: "f", tookMs: 12 },
      locks: [
        { relation: "public.orders", mode: "ACCESS EXCLUSIVE" },
        { relation: "public.people", mode: "SHARE ROW EXCLUSIVE" },
        { relation: "public.pets", mode: "ROW SHARE" },
        { relation: "public.odd", mode: "A MODE OF THE FUTURE" },
      ],
    },
  ],
  notRun: [{ version: "300", name: "later", reason: "it comes after 200_fails" }],
};

const rehearsal = { ...succeeded, failed: { version: "200", name: "fails" } };

describe("the result of a rehearsal", () => {
  test("has time and locks of each migration, the one that failed, and those that were not run", () => {
    assert.deepEqual(rehearsalLines(rehearsal, style, Infinity), [
      "default: 2 migrations were run and rolled back in 1.2 s",
      "  ✓ 100  note   12 ms",
      "      public.orders: ACCESS EXCLUSIVE, blocks reads and writes",
      "      public.people: SHARE ROW EXCLUSIVE, blocks writes",
      "  ✗ 200  fails  failed",
      "  · 300  later  not run: it comes after 200_fails",
    ]);
  });

  test("reports that nothing was run", () => {
    const [heading] = rehearsalLines({ ...succeeded, migrations: [] }, style, Infinity);
    assert.equal(heading, "default: no migration was rehearsed");
  });

  test("colours its signs", () => {
    const colours = colorsFor({ isTTY: true }, {}, true);
    assert.deepEqual(rehearsalLines({ ...rehearsal, migrations: [] }, colours, 60).slice(1), [
      "  \u001b[31m✗\u001b[39m 200  fails  failed",
      "  · 300  later  not run: it comes after 200_fails",
    ]);
  });

  test("fits into a narrow terminal", () => {
    for (const line of rehearsalLines(rehearsal, style, 40)) assert.ok(textWidth(line) <= 40, line);
  });
});
