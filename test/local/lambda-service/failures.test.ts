import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { untilGone } from "../../support/is-alive.ts";
import {
  answerWhenFree,
  gate,
  invoke,
  parseAnswer,
  serviceFor,
  stream,
} from "../../support/lambda-service.ts";

describe("failures", () => {
  for (const [event, errorType, message] of [
    [{ throw: true }, "RangeError", /^no$/],
    [{ throwText: true }, "string", /^text$/],
    [{ reject: true }, "Runtime.UnhandledPromiseRejection", /nobody caught this/],
    [
      { exit: 0 },
      "Runtime.ExitError",
      /^RequestId: \S+ Error: Runtime exited without providing a reason$/,
    ],
    [
      { exit: 3 },
      "Runtime.ExitError",
      /^RequestId: \S+ Error: Runtime exited with error: exit status 3$/,
    ],
    [{ kill: "SIGKILL" }, "Runtime.ExitError", /Runtime exited with error: signal: killed$/],
    [{ memory: true }, "Runtime.ExitError", /Runtime exited with error: signal: killed$/],
    [
      { bytes: 6 * 1024 * 1024 + 1 },
      "Function.ResponseSizeTooLarge",
      /exceeded maximum allowed payload size \(6291456 bytes\)/,
    ],
  ] as const) {
    test(`a buffered handler that does ${JSON.stringify(event)} is a function error, and the next call works`, async (t) => {
      const { client } = await serviceFor(t, "buffered", { memoryMb: 48 });
      for (const { error, text } of [
        await invoke(client, event),
        { error: "Unhandled", text: (await stream(client, event)).complete?.ErrorDetails ?? "" },
      ]) {
        assert.equal(error, "Unhandled");
        assert.equal(parseAnswer(text).errorType, errorType);
        assert.match(parseAnswer(text).errorMessage, message);
        assert.ok(!text.includes("not passed on"));
      }
      assert.equal((await invoke(client, {})).error, undefined);
    });
  }

  for (const event of [{ hang: true }, { spin: true }, { neverEnd: true }]) {
    test(`a stream that does ${JSON.stringify(event)} is cut at the timeout, and its process killed`, async (t) => {
      const { client } = await serviceFor(t, "streaming", { timeoutMs: 700 });
      const { chunks, complete } = await stream(client, event);
      assert.equal(complete?.ErrorCode, "Unhandled");
      assert.match(
        parseAnswer(complete.ErrorDetails ?? "").errorMessage,
        /^RequestId: \S+ Error: Task timed out after 0\.70 seconds$/,
      );
      const { text, error } = await invoke(client, event);
      assert.deepEqual([error, parseAnswer(text).errorType], ["Unhandled", "Sandbox.Timedout"]);
      if (chunks[0] !== undefined) await untilGone([parseAnswer(chunks[0]).pid]);
    });
  }

  test("a handler that throws in the middle of a stream: what was written arrives, then the error; its process lives on", async (t) => {
    const { client } = await serviceFor(t, "streaming", { concurrency: 1 });
    const { chunks, complete } = await stream(client, { throw: true });
    assert.equal(chunks.length, 1);
    const details = parseAnswer(complete?.ErrorDetails ?? "");
    assert.deepEqual([details.errorType, details.errorMessage], ["RangeError", "in the middle"]);
    assert.equal((await answerWhenFree(client)).calls, 2);
  });

  test("a handler that throws before the first byte of a stream", async (t) => {
    const { client } = await serviceFor(t, "streaming");
    const { chunks, complete } = await stream(client, { throwFirst: true });
    assert.deepEqual(
      [chunks, parseAnswer(complete?.ErrorDetails ?? "").errorType],
      [[], "TypeError"],
    );
  });

  test("a process that ends in the middle of a stream: what was written arrives, then how it ended", async (t) => {
    const { client } = await serviceFor(t, "streaming");
    const hold = await gate(t);
    const { chunks, complete } = await stream(client, { exit: 1, seen: hold.url }, () =>
      hold.open(),
    );
    assert.equal(chunks.length, 1);
    assert.match(
      parseAnswer(complete?.ErrorDetails ?? "").errorMessage,
      /Runtime exited with error: exit status 1$/,
    );
  });

  test("what a handler wrote before its timeout is in the log", async (t) => {
    const { client } = await serviceFor(t, "buffered", { timeoutMs: 5000 });
    const { log } = await invoke(client, { hang: true, log: "last words" }, { LogType: "Tail" });
    assert.match(log, /last words/);
  });

  test("a handler that cannot be loaded: the reason, at every call", async (t) => {
    const missing = await serviceFor(t, "no-such-file");
    assert.equal(
      parseAnswer((await invoke(missing.client, {})).text).errorType,
      "Runtime.ImportModuleError",
    );
    const broken = await serviceFor(t, "bad-import");
    for (let call = 0; call < 2; call += 1)
      assert.equal(
        parseAnswer((await invoke(broken.client, {})).text).errorType,
        "Runtime.UserCodeSyntaxError",
      );
    const wrong = await serviceFor(t, "buffered", { handler: "buffered.nothing" });
    assert.equal(
      parseAnswer((await invoke(wrong.client, {})).text).errorType,
      "Runtime.HandlerNotFound",
    );
  });

  test("a start that takes too long is tried once more, within the function's time", async (t) => {
    const { client } = await serviceFor(t, "slow-start", { initTimeoutMs: 300, timeoutMs: 600 });
    const { error, text } = await invoke(client, {});
    assert.deepEqual([error, parseAnswer(text).errorType], ["Unhandled", "Sandbox.Timedout"]);
  });
});
