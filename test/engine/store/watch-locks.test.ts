import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { LockHolder } from "../../../src/engine/hasura/lock-holders.ts";
import type { SqlResult } from "../../../src/engine/hasura/client.ts";
import type { EngineContext } from "../../../src/engine/context.ts";
import { lockLookEveryMs, whileLocksWatched } from "../../../src/engine/store/watch-locks.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";

const held = (...pids: number[]): SqlResult => ({
  columns: ["lock_holders"],
  rows: [
    [
      JSON.stringify(
        pids.map((pid) => ({
          ...{ pid, application: null, user: null, process: null },
          ...{ state: "active", openMs: null, waits: false },
        })),
      ),
    ],
  ],
});

interface Watched {
  /** When something was reported, and what. */
  readonly reports: readonly (readonly [waitedMs: number, message: string])[];
  readonly seen: readonly (readonly number[])[];
}

/** Watches a request that is answered after these looks, with two seconds between them. */
async function watched(looks: readonly (SqlResult | Error)[]): Promise<Watched> {
  const reports: [number, string][] = [];
  const seen: number[][] = [];
  const left = [...looks];
  let now = 0;
  let answer: () => void = () => undefined;
  const work = new Promise<void>((resolve) => (answer = resolve));
  const ask = async (): Promise<SqlResult> => {
    const look = left.shift();
    if (look instanceof Error) throw look;
    if (look) return look;
    answer();
    return new Promise(() => undefined);
  };
  const engine = {
    now: () => now,
    // A timer may be early.
    sleep: async (ms: number) => {
      now += ms - 0.4;
    },
    emit: (event: RunEvent) => {
      if (event.type === "waiting" && event.reason === "lock")
        reports.push([Math.round(event.waitedMs / 1000), event.message]);
    },
  } as unknown as EngineContext;
  const onLook = (holders: readonly LockHolder[]): void =>
    void seen.push(holders.map(({ pid }) => pid));
  await whileLocksWatched(engine, { everyMs: 2000, ask, onLook }, () => work);
  return { reports, seen };
}

const message = (pid: number): string => `waiting for a lock that session ${pid} (active) holds`;

describe("looks for the holder of a lock", () => {
  test("each new holder is reported at once, the same one every ten seconds", async () => {
    const { reports } = await watched([
      ...[held(), held(1), held(1), held(2)],
      ...[held(2), held(2), held(2), held(2), held(2), held()],
    ]);
    assert.deepEqual(reports, [
      [4, message(1)],
      [8, message(2)],
      [18, message(2)],
    ]);
  });

  test("each result is passed on, even one without holders; a failed query is not", async () => {
    const { seen } = await watched([held(1), new Error("no answer"), held()]);
    assert.deepEqual(seen, [[1], []]);
  });

  test("nothing is queried once the request has been answered", async () => {
    const engine = { now: () => 0, sleep: () => Promise.resolve() } as unknown as EngineContext;
    const ask = (): never => assert.fail("looked");
    const result = await whileLocksWatched(engine, { everyMs: 2000, ask }, () =>
      Promise.resolve(7),
    );
    assert.equal(result, 7);
  });

  test("a lock timeout spans two queries", () => {
    const every = (...timeouts: (string | undefined)[]): number =>
      lockLookEveryMs(
        timeouts.map((lockTimeout) => ({
          settings: lockTimeout === undefined ? {} : { lockTimeout },
        })),
      );
    assert.deepEqual(
      [every(undefined), every("60000ms"), every("0ms"), every("1000ms"), every("1ms")],
      [2000, 2000, 2000, 500, 100],
    );
    assert.equal(every("60000ms", "600ms"), 300);
  });
});
