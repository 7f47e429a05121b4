import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { SqlResult } from "../../../../src/engine/hasura/client.ts";
import { waitsReported } from "../../../../src/engine/store/catalog/catalog-store.ts";
import type { RunEvent } from "../../../../src/protocol/events.ts";
import { engineOf } from "../../support/engine.ts";
import { scriptedHasura } from "../../support/scripted-hasura.ts";

const running: SqlResult = { columns: ["min"], rows: [["4711"]] };
const idle: SqlResult = { columns: ["min"], rows: [[null]] };

/** What is reported while a statement without a ledger is answered after these looks. */
async function reported(looks: readonly (SqlResult | Error)[]): Promise<string[]> {
  const left = [...looks];
  let answer: () => void = () => undefined;
  const work = new Promise<void>((resolve) => (answer = resolve));
  let now = 0;
  const messages: string[] = [];
  const hasura = {
    ...scriptedHasura(),
    runSql: async ({ sql, limitMs }: { readonly sql: string; readonly limitMs?: number }) => {
      assert.equal(limitMs, 10_000);
      if (sql.includes("pg_blocking_pids")) throw new Error("not asked here");
      const look = left.shift();
      if (look instanceof Error) throw look;
      if (look === undefined) answer();
      return look ?? idle;
    },
  };
  const engine = engineOf({
    hasura,
    now: () => now,
    sleep: async (ms, signal) => {
      // Only the looks at the statement, every half minute, move the clock.
      if (ms < 30_000)
        return new Promise<void>((resolve) =>
          signal?.addEventListener("abort", () => resolve(), { once: true }),
        );
      now += ms;
    },
    emit: async (event: RunEvent) => {
      if (event.type === "waiting") messages.push(event.message);
    },
  });
  const step = { database: { name: "b", kind: "postgres" } as const, sql: "SELECT 1" };
  await waitsReported(step, { hasura, configVersion: 3, engine }, () => work);
  return messages;
}

describe("a statement without a ledger", () => {
  test("is looked for in the database every half minute, and what is found is reported", async () => {
    assert.deepEqual(await reported([running, idle, new Error("no answer")]), [
      "still running in the database (pid 4711), for 30 s",
      "waiting for Hasura's response for 60 s",
      "waiting for 90 s; Hasura does not respond to other requests either",
    ]);
  });

  test("that is answered sooner is not mentioned", async () => {
    assert.deepEqual(await reported([]), []);
  });
});
