import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { renewedInTime } from "../../../src/cli/connection/aws/renewed-in-time.ts";
import { SharedCredentials } from "../../../src/cli/connection/aws/shared-credentials.ts";
import { Failure } from "../../../src/protocol/failure.ts";

const hour = 3_600_000;
const refused = new Failure("access", "login-missing", "The login has expired.");
const away = new Failure("unreachable", "sts-unreachable", "STS cannot be reached.");

/** A source that gives keys for an hour each time, or fails, as `answers` specifies; it counts how often it is asked. */
function source(answers: readonly ("keys" | Failure)[]) {
  const clock = { now: 0 };
  let asked = 0;
  const fetch = async () => {
    const answer = answers[asked];
    asked += 1;
    if (answer === undefined) throw new Error("asked too often");
    if (answer !== "keys") throw answer;
    return {
      accessKeyId: `key-${String(asked)}`,
      secretAccessKey: "s",
      expiration: new Date(clock.now + hour),
    };
  };
  return { clock, asked: () => asked, keys: renewedInTime(fetch, () => clock.now) };
}

describe("credentials that expire", () => {
  test("are fetched once, and again five minutes before", async () => {
    const { clock, keys, asked } = source(["keys", "keys"]);
    await Promise.all([keys(), keys()]);
    clock.now = hour - 300_001;
    assert.equal((await keys()).accessKeyId, "key-1");
    clock.now = hour - 300_000;
    const both = await Promise.all([keys(), keys()]);
    assert.deepEqual(
      [...both.map(({ accessKeyId }) => accessKeyId), asked()],
      ["key-2", "key-2", 2],
    );
  });

  test("are used until they expire if their renewal is refused, and nobody is asked again", async () => {
    const { clock, keys, asked } = source(["keys", refused]);
    await keys();
    for (const now of [hour - 200_000, hour - 100_000]) {
      clock.now = now;
      assert.equal((await keys()).accessKeyId, "key-1");
    }
    clock.now = hour;
    await assert.rejects(keys(), refused);
    await assert.rejects(keys(), refused);
    assert.equal(asked(), 2);
  });

  test("are fetched again when they expire if only the network had failed", async () => {
    const { clock, keys } = source(["keys", away, away, "keys"]);
    await keys();
    clock.now = hour - 200_000;
    assert.equal((await keys()).accessKeyId, "key-1");
    clock.now = hour;
    await assert.rejects(keys(), away);
    assert.equal((await keys()).accessKeyId, "key-4");
  });
});

describe("credentials that environments share", () => {
  const identity = { kind: "profile", profile: "acme" } as const;
  const shared = (answers: readonly ("keys" | Failure)[]) => {
    const { keys, asked, clock } = source(answers);
    const credentials = new SharedCredentials();
    const [first, second] = [1, 2].map(() => credentials.provider(identity, () => keys));
    assert(first && second);
    return { first, second, asked, clock };
  };

  test("are asked for once, also after a wrong code", async () => {
    const { first, second, asked } = shared([refused]);
    await assert.rejects(first(), refused);
    await assert.rejects(second(), refused);
    assert.equal(asked(), 1);
  });

  test("are asked for once where a login ends in the middle of the runs", async () => {
    const { first, second, asked, clock } = shared(["keys", refused]);
    await Promise.all([first(), second()]);
    clock.now = 2 * hour;
    await assert.rejects(first(), refused);
    await assert.rejects(second(), refused);
    await assert.rejects(first(), refused);
    assert.equal(asked(), 2);
  });

  test("are fetched again if the network had failed", async () => {
    const { first, second, clock } = shared(["keys", away, "keys"]);
    await first();
    clock.now = 2 * hour;
    await assert.rejects(first(), away);
    assert.equal((await second()).accessKeyId, "key-3");
  });
});
