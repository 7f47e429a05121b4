import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EngineContext } from "../../../src/engine/context.ts";
import type { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { waitUntilReady } from "../../../src/engine/hasura/wait-until-ready.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { notSent, rejected } from "../support/call-errors.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";

interface Waiting {
  readonly engine: EngineContext;
  /** What was asked and waited for, in order. */
  readonly story: string[];
  readonly events: RunEvent[];
  readonly stop: AbortController;
}

/** An engine whose clock is moved by sleeping alone. */
function waiting({
  pause,
  ...more
}: Partial<EngineContext> & { pause?: () => Promise<void> } = {}): Waiting {
  let clock = 5000;
  const [story, events, stop]: [string[], RunEvent[], AbortController] = [
    [],
    [],
    new AbortController(),
  ];
  const hasura = scriptedHasura();
  hasura.before = (call) => void story.push(call);
  const engine: EngineContext = {
    hasura,
    project: () => assert.fail("no project is read"),
    openStore: () => assert.fail("no store is opened"),
    now: () => clock,
    sleep: (ms, signal) => {
      // Each read is watched; these are answered before that becomes an announcement.
      if (signal !== stop.signal) return new Promise(() => undefined);
      story.push(`sleep ${ms}`);
      clock += ms;
      return pause?.() ?? Promise.resolve();
    },
    random: () => 0.5,
    emit: (event) => void events.push(event),
    stop: stop.signal,
    remainingMs: () => 900_000,
    ...more,
  };
  return { engine, story, events, stop };
}

/** Fails with these errors, one after the other, and then succeeds. */
function reading(story: string[], ...errors: HasuraCallError[]): () => Promise<string> {
  return () => {
    story.push("read");
    const error = errors.shift();
    return error ? Promise.reject(error) : Promise.resolve("read");
  };
}

const failureOf = async (call: Promise<unknown>): Promise<Failure> => {
  const failure = await call.then(
    () => assert.fail("it succeeded"),
    (thrown: unknown) => thrown,
  );
  assert(failure instanceof Failure, String(failure));
  return failure;
};

describe("waiting for Hasura", () => {
  test("reads at once if Hasura is up", async () => {
    const { engine, story, events } = waiting();
    assert.equal(await waitUntilReady(engine, reading(story)), "read");
    assert.deepEqual([story, events], [["read"], []]);
  });

  test("tries again after a second, with the cheapest request first, and reports it", async () => {
    const { engine, story, events } = waiting();
    await waitUntilReady(engine, reading(story, notSent(), notSent()));
    assert.deepEqual(story, [
      "read",
      "sleep 1000",
      "version",
      "read",
      "sleep 1000",
      "version",
      "read",
    ]);
    assert.deepEqual(
      events.map((event) => event.type === "waiting" && [event.reason, event.waitedMs]),
      [
        ["hasura", 0],
        ["hasura", 1000],
      ],
    );
  });

  test("does not read while the cheapest request fails, whatever else is wrong with it", async () => {
    const errors = [notSent(), rejected()];
    const hasura = scriptedHasura();
    const { engine, story } = waiting({ hasura });
    hasura.before = () => {
      story.push("version");
      const error = errors.shift();
      if (error) throw error;
    };
    await waitUntilReady(engine, reading(story, notSent()));
    assert.deepEqual(story, ["read", "sleep 1000", "version", "sleep 1000", "version", "read"]);
  });

  test("ends after a minute, with the last failure", async () => {
    const { engine, events } = waiting();
    const failure = await failureOf(waitUntilReady(engine, () => Promise.reject(notSent())));
    assert.deepEqual([failure.code, events.length], ["hasura-unreachable", 60]);
    assert.match(failure.message, /reading its metadata/);
  });

  test("keeps ten seconds for the response", async () => {
    const waits = async (remainingMs: number): Promise<number> => {
      let left = remainingMs;
      const { engine, events } = waiting({
        remainingMs: () => left,
        pause: async () => void (left -= 1000),
      });
      await failureOf(waitUntilReady(engine, () => Promise.reject(notSent())));
      return events.length;
    };
    assert.deepEqual([await waits(9_999), await waits(10_000), await waits(11_000)], [0, 1, 2]);
  });

  test("does not retry what cannot succeed", async () => {
    const { engine, story } = waiting();
    const failure = await failureOf(
      waitUntilReady(engine, reading(story, rejected({ status: 401 }))),
    );
    assert.deepEqual([failure.code, story], ["wrong-secret", ["read"]]);
  });

  test("makes one last attempt when the run is stopped", async () => {
    const { engine, story, stop } = waiting({
      pause: () => {
        stop.abort();
        return Promise.reject(new Error("aborted"));
      },
    });
    await failureOf(waitUntilReady(engine, reading(story, notSent(), notSent(), notSent())));
    assert.deepEqual(story, ["read", "sleep 1000", "version", "read"]);
  });

  test("announces a read that takes longer than five seconds", async () => {
    const announced: unknown[] = [];
    let clock = 5000;
    let answer: (text: string) => void = () => undefined;
    const engine: EngineContext = {
      ...waiting().engine,
      now: () => clock,
      sleep: (ms) => {
        clock += ms;
        return Promise.resolve();
      },
      emit: (event) => {
        announced.push(event.type === "waiting" && [event.reason, event.waitedMs]);
        answer("read");
      },
    };
    const read = (): Promise<string> => new Promise((resolve) => (answer = resolve));
    assert.equal(await waitUntilReady(engine, read), "read");
    assert.deepEqual(announced, [["hasura", 5000]]);
  });

  test("stops watching a read that has ended", async () => {
    const watched: (AbortSignal | undefined)[] = [];
    const { engine, story, events } = waiting({
      sleep: (_, signal) => {
        if (signal !== engine.stop) watched.push(signal);
        return Promise.resolve();
      },
    });
    await waitUntilReady(engine, reading(story, notSent()));
    assert.deepEqual(
      watched.map((signal) => signal?.aborted),
      [true, true],
    );
    assert.equal(events.length, 1);
  });
});
