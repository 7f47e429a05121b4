import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { StateChange } from "../../../../src/engine/store/catalog/version-store.ts";
import {
  createWriteQueue,
  versionsAmong,
} from "../../../../src/engine/store/catalog/write-queue.ts";
import { Failure } from "../../../../src/protocol/failure.ts";
import { notSent, rejected, unknown } from "../../support/call-errors.ts";

const change = (version: string, more: object = {}): StateChange => ({
  database: "default",
  version,
  to: "applied",
  ...more,
});
const generation = (text: string): StateChange => ({ database: "default", generation: text });

/** A queue whose writes fail with these errors, one after the other, and then succeed. */
function queueWith(...errors: Error[]) {
  const writes: (readonly StateChange[])[] = [];
  const delays: number[] = [];
  const queue = createWriteQueue(
    {
      write: (changes) => {
        writes.push([...changes]);
        const error = errors.shift();
        return error === undefined ? Promise.resolve() : Promise.reject(error);
      },
    },
    {
      sleep: (ms) => {
        delays.push(ms);
        return Promise.resolve();
      },
      random: () => 0.5,
    },
  );
  return { queue, writes, delays };
}

describe("a write that failed", () => {
  for (const [what, error] of [
    ["that was not sent", notSent()],
    ["whose answer was lost", unknown()],
    ["that a gateway ended", unknown({ status: 502 })],
    ["that was too many", rejected({ status: 429 })],
    ["that ended in an error of the server", rejected({ status: 500 })],
  ] as const)
    test(`is tried again, if it was one ${what}`, async () => {
      const { queue, writes, delays } = queueWith(error);
      queue.record(change("1"));
      assert.equal(await queue.settle(), undefined);
      assert.deepEqual([writes.length, delays.length], [2, 1]);
    });

  for (const [what, error] of [
    ["that Hasura refused", rejected()],
    ["that Hasura refused with another status", rejected({ status: 499 })],
    ["that others contended", new Failure("busy", "catalog-contended", "No.")],
    ["that met a bug", new TypeError("x is not a function")],
  ] as const)
    test(`is final, if it was one ${what}`, async () => {
      const { queue, writes, delays } = queueWith(error);
      queue.record(change("1"));
      assert.deepEqual(await queue.settle(), { changes: [change("1")], cause: error });
      assert.deepEqual([writes.length, delays], [1, []]);
      assert.deepEqual(queue.failedWrite()?.changes, [change("1")]);
    });

  test("is given up after four attempts", async () => {
    const { queue, writes, delays } = queueWith(...Array.from({ length: 9 }, () => unknown()));
    queue.record(change("1"));
    assert.deepEqual((await queue.settle())?.changes, [change("1")]);
    assert.deepEqual([writes.length, delays.length], [4, 3]);
    assert(
      delays.every((ms, i) => i === 0 || ms > (delays[i - 1] ?? 0)),
      String(delays),
    );
  });

  test("is included in the next one", async () => {
    const { queue, writes } = queueWith(rejected());
    queue.record(change("1"), change("2"), generation("5"));
    await queue.settle();
    queue.record(change("3"));
    assert.equal(queue.failedWrite(), undefined);
    assert.equal(await queue.settle(), undefined);
    assert.deepEqual(writes[1], [change("1"), change("2"), generation("5"), change("3")]);
  });

  test("is replaced if the next one concerns the same version in the same database", async () => {
    const { queue, writes } = queueWith(rejected());
    queue.record(change("1"), change("2"), generation("5"));
    await queue.settle();
    const next = [change("1", { to: "absent" }), change("2", { database: "b" }), generation("6")];
    queue.record(...next);
    await queue.settle();
    assert.deepEqual(writes[1], [change("2"), ...next]);
  });

  test("includes what arrived in the meantime", async () => {
    const error = rejected();
    const { queue } = queueWith(error);
    queue.record(change("1"));
    queue.record(change("2"));
    assert.deepEqual(await queue.settle(), { changes: [change("1"), change("2")], cause: error });
  });
});

describe("changes that are only noted", () => {
  test("are written at the end if there is no clock", async () => {
    const { queue, writes } = queueWith();
    queue.note(change("1"));
    queue.note(change("2"));
    assert.deepEqual(writes, []);
    await queue.settle();
    assert.deepEqual(writes, [[change("1"), change("2")]]);
    await queue.settle();
    assert.equal(writes.length, 1);
  });

  test("are included in a recorded change", async () => {
    const { queue, writes } = queueWith();
    queue.note(change("1"));
    queue.record(change("2"));
    await queue.settle();
    assert.deepEqual(writes, [[change("1"), change("2")]]);
  });
});

test("the versions among changes are those of one database and one direction", () => {
  const changes = [
    change("1"),
    change("2", { to: "absent" }),
    change("3", { database: "b" }),
    generation("5"),
    change("4"),
  ];
  assert.deepEqual(versionsAmong(changes, "default", "applied"), ["1", "4"]);
  assert.deepEqual(versionsAmong(changes, "default", "absent"), ["2"]);
  assert.deepEqual(versionsAmong(changes, "b", "applied"), ["3"]);
});
