import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  HasuraCallError,
  type RunSql,
  type SqlResult,
} from "../../../../src/engine/hasura/client.ts";
import type { LedgerContext } from "../../../../src/engine/store/ledger/context.ts";
import { whileWatched } from "../../../../src/engine/store/ledger/watch-statement.ts";
import type { RunEvent } from "../../../../src/protocol/events.ts";

const snapshot = (generation: string, more: object = {}): SqlResult => ({
  columns: ["snapshot"],
  rows: [
    [
      JSON.stringify({
        ...{ schemaVersion: 3, generation, synced: "0", serverId: null, cancelAsked: false },
        ...{ begun: true, migrations: [], running: null, gone: {}, holder: null, others: [] },
        ...more,
      }),
    ],
  ],
});

/** A ledger context whose looks show what the test says, one after another; time passes only in `sleep`. */
function looking(looks: readonly (SqlResult | Error)[]): {
  context: LedgerContext;
  messages: string[];
} {
  const messages: string[] = [];
  const left = [...looks];
  const clock = { now: 0 };
  const context = {
    hasura: {
      runSql: async ({ limitMs }: RunSql) => {
        assert.equal(limitMs, 30_000, "a look has to be bounded");
        const look = left.shift();
        if (look === undefined) return new Promise(() => undefined);
        if (look instanceof Error) throw look;
        return look;
      },
    },
    database: { name: "default", kind: "postgres" },
    configVersion: 3,
    liveMs: 30_000,
    request: { runId: "0199a7c0-0000-7000-8000-000000000000" },
    engine: {
      now: () => clock.now,
      sleep: async (ms: number) => {
        clock.now += ms;
      },
      emit: (event: RunEvent) => {
        if (event.type === "waiting") messages.push(event.message);
      },
    },
  };
  return { context: context as unknown as LedgerContext, messages };
}

describe("a statement that is not answered", () => {
  test("its state is reported every half minute", async () => {
    const { context, messages } = looking([
      new HasuraCallError("unknown", "no answer"),
      snapshot("4"),
      snapshot("4", { holder: { pid: 5120, state: "active", ms: 1 } }),
    ]);
    let answer: (text: string) => void = () => undefined;
    const work = new Promise<string>((resolve) => (answer = resolve));
    const watched = whileWatched(context, 5n, () => work);
    while (messages.length < 3) await new Promise((resolve) => setImmediate(resolve));
    answer("done");
    assert.equal(await watched, "done");
    assert.deepEqual(messages, [
      "waiting for 30 s; Hasura does not respond to other requests either",
      "waiting for Hasura for 60 s; no statement of this run is active in the database",
      "still running in the database (pid 5120), for 90 s",
    ]);
  });

  test("one that the ledger shows as done twice counts as a lost answer", async () => {
    const { context, messages } = looking([snapshot("4"), snapshot("5"), snapshot("5")]);
    const error = await whileWatched(context, 5n, () => new Promise<never>(() => undefined)).catch(
      (thrown: unknown) => thrown,
    );
    assert(error instanceof HasuraCallError);
    assert.equal(error.outcome, "unknown");
    assert.equal(messages.at(-1), "done in the database; waiting for Hasura's response for 60 s");
  });

  test("an answer is passed on at once, and so is an error", async () => {
    assert.equal(await whileWatched(looking([]).context, 5n, async () => 7), 7);
    await assert.rejects(
      whileWatched(looking([]).context, 5n, () => Promise.reject(new Error("refused"))),
      /refused/,
    );
  });
});
