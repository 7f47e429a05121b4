import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { metadataStatusLines } from "../../../src/cli/output/views/metadata-status.ts";
import type { EventOf } from "../../../src/protocol/events.ts";

const style = colorsFor({ isTTY: false }, {}, false);
const run = { at: "2026-11-25T10:00:00Z", runId: "0199a7c0-0000-7000-8000-000000000000" };
const object = {
  ...{ type: "table", name: "table orders in source default" },
  reason: 'Inconsistent object: no such table/view exists in source: "orders"',
};

const linesOf = (more: Partial<EventOf<"metadata.status">>, columns = 120): string[] =>
  metadataStatusLines(
    { type: "metadata.status", resourceVersion: 42, inconsistent: [], ...more },
    style,
    columns,
  );

describe("metadata status in a terminal", () => {
  test("of consistent metadata is one line", () => {
    assert.deepEqual(linesOf({}), ["metadata (resource version 42): consistent"]);
  });

  test("names each inconsistent object with its reason, and what is known about the time", () => {
    const since = {
      ...run,
      relation: "since-run",
      user: "ada",
      operation: "metadata-apply",
    } as const;
    const lines = linesOf({
      inconsistent: [{ ...object, since }, object],
      replaced: { ...run, user: "ada", operation: "metadata-apply", canRestore: true },
    });
    assert.deepEqual(lines, [
      "metadata (resource version 42): 2 objects are inconsistent",
      `  ${object.name}: ${object.reason}`,
      `    since ${lines[2]?.slice(10, 26) ?? ""}, by ada's run 0199a7c0-0000 (metadata-apply)`,
      `  ${object.name}: ${object.reason}`,
      `last replaced on ${lines[4]?.slice(17, 33) ?? ""} by ada's run 0199a7c0-0000 (metadata-apply); metadata restore puts back the previous`,
      "metadata",
    ]);
  });

  test("fits 60 columns", () => {
    const since = {
      ...run,
      relation: "after-run",
      user: "ada",
      operation: "metadata-apply",
    } as const;
    const lines = linesOf(
      {
        inconsistent: [{ ...object, since }],
        replaced: { ...run, user: "ada", operation: "metadata-apply", canRestore: false },
      },
      60,
    );
    assert.ok(
      lines.every((line) => textWidth(line) <= 60),
      lines.join("\n"),
    );
  });
});
