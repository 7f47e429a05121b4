import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { statusLines } from "../../../src/cli/output/views/status.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { testContext } from "../../support/test-context.ts";

describe("status", () => {
  for (const columns of [80, 120])
    test(`a pending version that is older than an applied one is out of order, in ${String(columns)} columns`, (t) => {
      const context = testContext(t, { argv: [] });
      const [heading = "", late = "", , next = ""] = statusLines(
        {
          type: "status",
          databases: [
            {
              database: "default",
              kind: "postgres",
              store: "ledger",
              migrations: [
                { version: "1", name: "a", state: "pending", outOfOrder: true },
                { version: "2", name: "b", state: "applied" },
                { version: "3", name: "c", state: "pending" },
              ],
            },
          ],
        },
        colorsFor(context.out, {}, false),
        columns,
      );
      assert.equal(heading, "default (postgres): 1 applied, 2 pending, 1 out of order");
      assert.match(late, /· 1 {2}a {2}pending, out of order$/);
      assert.match(next, /· 3 {2}c {2}pending$/);
    });
});
