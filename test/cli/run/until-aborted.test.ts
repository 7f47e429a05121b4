import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { unlessAborted, untilAborted } from "../../../src/cli/run/until-aborted.ts";

describe("waiting until a signal is aborted", () => {
  test("work is waited for until the signal is aborted, and a later rejection is not unhandled", async () => {
    const stop = new AbortController();
    assert.equal(await unlessAborted(Promise.resolve(5), stop.signal), 5);
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<number>((_, reject) => (fail = reject));
    const result = unlessAborted(work, stop.signal);
    stop.abort();
    assert.equal(await result, undefined);
    fail(new Error("too late"));
    await untilAborted(stop.signal);
    await assert.rejects(work, /too late/);
  });
});
