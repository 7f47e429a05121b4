import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { eventLine } from "../../../src/cli/output/messages.ts";

describe("the line of metadata that was reloaded or applied", () => {
  const line = (names: readonly string[]): string | undefined =>
    eventLine({
      ...{ type: "metadata.reloaded", tookMs: 1 },
      inconsistent: {
        broken: names.map((name) => ({
          type: "table",
          name: `table ${name}`,
          reason: "it is gone",
        })),
        before: 0,
      },
    });

  test("names each inconsistent object as Hasura does, with the reason", () => {
    assert.equal(
      line(["users", "orders"]),
      "! metadata is now inconsistent: table users (it is gone), table orders (it is gone)",
    );
  });

  test("counts what is more than five", () => {
    const many = line(Array.from({ length: 50 }, (_, i) => `t${i}`)) ?? "";
    assert.match(many, /table t4 \(it is gone\) and 45 more; metadata status lists all$/);
  });
});
