import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { SqlResult } from "../../../src/engine/hasura/client.ts";
import { rehearseDatabase } from "../../../src/engine/rehearsal/rehearse-database.ts";
import { rejected } from "../support/call-errors.ts";
import { engineOf } from "../support/engine.ts";
import { readyStep, storeOf } from "../support/ready-steps.ts";

/** The report of a rehearsal whose statement ended with this error. */
const failedWith = (sqlstate: string): SqlResult => {
  const failed = { statement: 1, stage: "statement", sqlstate, message: "canceling statement" };
  const report = { files: [], failed: { ...failed, detail: null, hint: null }, relations: {} };
  return { columns: ["current_setting"], rows: [[JSON.stringify(report)]] };
};

/** Rehearses one migration, whose rehearsal takes this long; the code of its failure, or how it ended. */
async function ended(tookMs: number, answer: () => Promise<SqlResult>): Promise<string> {
  let now = 1_000_000;
  const store = storeOf({
    rehearse: () => {
      now += tookMs;
      return answer();
    },
  });
  const rehearsed = await rehearseDatabase(
    [readyStep("1", { store })],
    "dev-3",
    engineOf({ now: () => now }),
  );
  if (rehearsed === undefined) return "cancelled";
  return rehearsed.failure?.code ?? "done";
}

describe("a rehearsal whose statement PostgreSQL has cancelled", () => {
  for (const [what, tookMs, sqlstate, end] of [
    ["before its time was over was cancelled by somebody", 10_000, "57014", "cancelled"],
    ["when its time was over has failed", 60_000, "57014", "rehearsal-failed"],
    ["because of a lock has failed", 2000, "55P03", "rehearsal-failed"],
  ] as const)
    test(what, async () => {
      assert.equal(await ended(tookMs, () => Promise.resolve(failedWith(sqlstate))), end);
    });

  test("before the first migration was cancelled by somebody", async () => {
    const error = rejected({ database: { sqlstate: "57014" } });
    assert.equal(await ended(10, () => Promise.reject(error)), "cancelled");
  });
});
