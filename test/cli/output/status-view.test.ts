import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { statusLines } from "../../../src/cli/output/views/status.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import type { StatusRow } from "../../../src/protocol/status-rows.ts";
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
        { style: colorsFor(context.out, {}, false), columns, now: 0 },
      );
      assert.equal(heading, "default (postgres): 1 applied, 2 pending, 1 out of order");
      assert.match(late, /· 1 {2}a {2}pending, out of order$/);
      assert.match(next, /· 3 {2}c {2}pending$/);
    });

  test("a dry run of mark or baseline counts what it would record, and says nothing else of the database", () => {
    const shown = (rows: StatusRow[]): string[] =>
      statusLines(
        {
          type: "status",
          fingerprint: "f".repeat(64),
          databases:
            rows.length === 0
              ? []
              : [{ database: "default", kind: "postgres", store: "ledger", migrations: rows }],
        },
        { style: colorsFor({ isTTY: false }, {}, false), columns: 80, now: 0 },
      ).map(String);
    assert.deepEqual(shown([{ version: "1", name: "a", state: "pending" }]), [
      "default (postgres): 1 version would be recorded",
      "  · 1  a  pending",
    ]);
    assert.deepEqual(shown([]), []);
  });

  const day = 24 * 60 * 60 * 1000;
  const withoutFile = (more: Partial<StatusRow>, columns = 120): string[] =>
    statusLines(
      {
        type: "status",
        databases: [
          {
            ...{ database: "default", kind: "postgres", store: "ledger" },
            migrations: [{ version: "2", name: "coupons", state: "unknown", ...more }],
          },
        ],
      },
      { style: colorsFor({ isTTY: false }, {}, false), columns, now: 10 * day },
    )
      .slice(2)
      .map(String);

  test("shows who applied a version without a file, and whether it can be rolled back", () => {
    const ada = {
      appliedBy: "ada",
      branch: "add-coupons",
      appliedAt: new Date(7 * day).toISOString(),
    };
    assert.deepEqual(withoutFile(ada), [
      "      ada, branch add-coupons, 3 days ago; cannot be rolled back without its file",
    ]);
    assert.deepEqual(withoutFile({ ...ada, canRollBack: true }), [
      "      ada, branch add-coupons, 3 days ago; can be rolled back",
    ]);
    assert.deepEqual(withoutFile({ canRollBack: true }), ["      can be rolled back"]);
    assert.deepEqual(withoutFile({}), ["      cannot be rolled back without its file"]);
    assert.deepEqual(withoutFile({ ...ada, state: "applied" }), []);
    assert.deepEqual(withoutFile(ada, 40), [
      "      ada, branch add-coupons, 3 days",
      "      ago; cannot be rolled back",
      "      without its file",
    ]);
    for (const line of withoutFile({ ...ada, branch: "b".repeat(100) }, 40))
      assert.ok(line.length <= 40, line);
  });

  test("shows which other migration is applied under a version, and who applied it", () => {
    assert.deepEqual(withoutFile({ state: "changed", appliedAs: "reviews", appliedBy: "ada" }), [
      "      another migration is applied under this version: reviews; ada",
    ]);
    assert.deepEqual(withoutFile({ state: "changed", appliedAs: "reviews" }), [
      "      another migration is applied under this version: reviews",
    ]);
  });

  test("lists the runs in progress, also in 40 columns", () => {
    const inProgress = [
      {
        ...{ runId: "0199a7c0-0000-7000-8000-000000000000", operation: "apply" },
        ...{ user: "ada", host: "laptop", ageMs: 72_000 },
      },
      {
        ...{ runId: "0199a7c1-0000-7000-8000-000000000000", operation: "down", ageMs: 1200 },
        ...{ user: "ci", host: "runner", ciJob: "https://ci.example.test/7" },
      },
    ];
    const shown = (columns: number): string[] =>
      statusLines(
        {
          type: "status",
          databases: [
            {
              ...{ database: "default", kind: "postgres", store: "ledger", inProgress },
              migrations: [],
            },
          ],
        },
        { style: colorsFor({ isTTY: false }, {}, false), columns, now: 0 },
      ).map(String);
    assert.deepEqual(shown(120), [
      "default (postgres): 0 applied",
      "  … apply by ada on laptop is running, started 1m 12s ago (run 0199a7c0-0000)",
      "  … down by ci, https://ci.example.test/7, is running, started 1.2 s ago (run 0199a7c1-0000)",
    ]);
    assert.deepEqual(shown(40).slice(1, 4), [
      "  … apply by ada on laptop is running,",
      "    started 1m 12s ago (run",
      "    0199a7c0-0000)",
    ]);
  });
});
