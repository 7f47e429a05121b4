import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { HandlerContext } from "../../src/lambda/handler.ts";
import { runTask } from "../../src/lambda/task.ts";
import { Failure } from "../../src/protocol/failure.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { worldFrom } from "./support/invoke.ts";
import { request } from "./support/request.ts";

const finished = { type: "run.finished", applied: 0, notReached: 0, tookMs: 0 } as const;

/** Runs one request in a task whose engine is `execute`. */
async function inTask(
  url: string,
  execute: HandlerContext["execute"],
  more: { readonly env?: Record<string, string>; readonly metadata?: string } = {},
) {
  const ending = new AbortController();
  const clock = { now: 0 };
  const slept: number[] = [];
  const settings = {
    HASURA_MIGRATE_ENVIRONMENT: "dev-3",
    HASURA_MIGRATE_ENDPOINT: url,
    ...more.env,
  };
  const world = worldFrom(settings, {
    execute: (asked, deps) => {
      slept.length = 0;
      return execute(asked, deps);
    },
    now: () => clock.now,
    sleep: (ms, signal) => {
      slept.push(ms);
      return new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
    },
  });
  const env = { ECS_CONTAINER_METADATA_URI_V4: more.metadata };
  const task = { env, ending: ending.signal, newId: () => "a-new-id" };
  const run = (event: string) => runTask(event, task, world);
  return { run, ending, clock, slept, world };
}

const apply = JSON.stringify(request("apply"));

describe("a task", () => {
  test("runs its request through the handler, under the task's id, and logs every event", async (t) => {
    const { url } = await scriptedHasura(t, () => ({ json: { version: "v2.48.0" } }));
    const { run, world } = await inTask(url, async (_, { emit }) => emit(finished), {
      metadata: "http://169.254.170.2/v4/cd189a933e5849daa93386466019ab50-2495160603",
    });
    assert.equal(await run(apply), 0);
    const logged = world.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      new Set(logged.map(({ requestId }) => requestId)),
      new Set(["cd189a933e5849daa93386466019ab50"]),
    );
    assert.deepEqual(
      logged.flatMap(({ event }) => (event as { type: string } | undefined)?.type ?? []),
      ["run.started", "run.finished"],
    );
  });

  test("ends with the exit code of what failed", async (t) => {
    const { url } = await scriptedHasura(t, () => ({ json: { version: "v2.48.0" } }));
    const failing = await inTask(url, () =>
      Promise.reject(new Failure("busy", "another-run", "Another run is in progress.")),
    );
    assert.equal(await failing.run(apply), 5);
    for (const event of ["", "not JSON", "{}"]) assert.equal(await failing.run(event), 2);
  });

  test("has no deadline until it is asked to end", async (t) => {
    const { url } = await scriptedHasura(t, () => ({ json: { version: "v2.48.0" } }));
    const env = { HASURA_MIGRATE_STOP_TIMEOUT: "120" };
    const task = await inTask(
      url,
      async (_, { emit, stop, remainingMs }) => {
        assert.ok(remainingMs() > 10 * 3_600_000);
        assert.deepEqual(task.slept, [], "no timer ends it");
        task.clock.now = 1000;
        task.ending.abort();
        await new Promise(setImmediate);
        assert.equal(stop.reason, "deadline");
        assert.equal(remainingMs(), 118_000);
        task.clock.now += 20_000;
        assert.equal(remainingMs(), 98_000);
        await emit(finished);
      },
      { env },
    );
    assert.equal(await task.run(apply), 0);
  });

  test("that was asked to end before its run began stops it at once", async (t) => {
    const { url } = await scriptedHasura(t, () => ({ json: { version: "v2.48.0" } }));
    const task = await inTask(url, async (_, { emit, stop }) => {
      await new Promise(setImmediate);
      assert.equal(stop.aborted, true);
      await emit(finished);
    });
    task.ending.abort();
    assert.equal(await task.run(apply), 0);
  });

  test("may do what its own settings allow to callers without an alias", async (t) => {
    const { url } = await scriptedHasura(t, () => ({ json: { version: "v2.48.0" } }));
    const execute: HandlerContext["execute"] = async (_, { emit }) => emit(finished);
    const down = JSON.stringify(request("down"));
    for (const [unqualified, event, code] of [
      ["apply", apply, 0],
      ["apply", down, 3],
      ["admin", down, 0],
      ["refuse", apply, 3],
    ] as const) {
      const env = { HASURA_MIGRATE_UNQUALIFIED: unqualified };
      const { run, world } = await inTask(url, execute, { env });
      assert.equal(await run(event), code, `${unqualified}: ${event}`);
      if (code === 3)
        assert.match(world.logged.join(""), /The settings of the ECS task do not permit/);
    }
  });
});
