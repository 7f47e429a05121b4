import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { emit } from "../../src/engine/emit.ts";
import { activityHint, lockHints } from "../../src/engine/store/hints.ts";
import type { RunEvent } from "../../src/protocol/events.ts";
import { Failure, toFailureData } from "../../src/protocol/failure.ts";
import { engineOf } from "./support/engine.ts";

const target = { environment: "dev-3", database: "default" };
const failed: RunEvent = {
  ...{ type: "run.failed", applied: 0, notReached: 0, tookMs: 1 },
  failure: toFailureData(
    new Failure("unreachable", "outcome-unknown", "It is not known.", {
      hints: [activityHint(target, "to see whether it is still running"), ...lockHints(target)],
    }),
  ),
};

/** What is suggested to the caller of a function. */
async function suggested(takesQueries?: boolean): Promise<string[]> {
  const engine = engineOf(takesQueries === undefined ? {} : { takesQueries });
  await emit(engine, failed);
  return engine.events.flatMap((event) =>
    event.type === "run.failed"
      ? event.failure.hints.map((hint) =>
          hint.kind === "command" ? hint.argv.slice(0, 3).join(" ") : JSON.stringify(hint),
        )
      : [],
  );
}

describe("the hints of a failure", () => {
  test("are commands where `sql` is allowed", async () => {
    for (const allowed of [true, undefined])
      assert.deepEqual(await suggested(allowed), [
        "hasura-migrate sql dev-3",
        "hasura-migrate locks dev-3",
        "hasura-migrate sql dev-3",
      ]);
  });

  test("have the query for another client where it is not", async () => {
    const [running = "", locks, sessions = ""] = await suggested(false);
    assert.match(
      running,
      /Run this query in a database client, to see whether it is still running: SELECT pid, .* ORDER BY xact_start"/,
    );
    assert.equal(locks, "hasura-migrate locks dev-3");
    assert.match(sessions, /, to see what other sessions are doing now: SELECT pid, /);
  });
});
