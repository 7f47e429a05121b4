import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { Delivery } from "../../../src/cli/connection/aws/delivery.ts";
import type { InvokeWithResponseStreamCommandOutput } from "@aws-sdk/client-lambda";
import {
  invoke,
  type BufferedResponse,
  type LambdaService,
} from "../../../src/cli/connection/aws/invoke.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { instant, testContext } from "../../support/test-context.ts";
import { awsError, systemError } from "./support/aws-errors.ts";

const target = { function: "migrate", region: "eu-west-1", url: "https://lambda.example" };
const line = '{"type":"heartbeat"}\n';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const never = new Promise<never>(() => undefined);

type Streamed = InvokeWithResponseStreamCommandOutput;
type Part = NonNullable<Streamed["EventStream"]> extends AsyncIterable<infer P> ? P : never;

const chunk = (text: string): Part => ({ PayloadChunk: { Payload: bytes(text) } });
const complete = (more: object = {}): Part => ({ InvokeComplete: more });

async function* parts(...given: readonly (Part | Error | "silence")[]): AsyncGenerator<Part> {
  for (const part of given) {
    if (part instanceof Error) throw part;
    if (part === "silence") await never;
    else yield part;
  }
}
const streamed = (...given: readonly (Part | Error | "silence")[]): Streamed => ({
  $metadata: {},
  EventStream: parts(...given),
});
const buffered = (text: string, FunctionError?: string): BufferedResponse => ({
  Payload: bytes(text),
  ...(FunctionError !== undefined && { FunctionError }),
});

interface Given {
  /** What each request in turn is answered with; the last one is repeated. */
  readonly streams?: readonly (Streamed | Error | Promise<never>)[];
  readonly buffers?: readonly (BufferedResponse | Error | Promise<never>)[];
  readonly states?: readonly ({ state: string; reason?: string } | Error)[];
  readonly stop?: AbortSignal;
}

/** One invocation, how often each call was made, and what was shown meanwhile. */
function invoking(t: TestContext, { streams = [], buffers = [], states = [], stop }: Given) {
  const context = testContext(t, { argv: [] });
  const calls: string[] = [];
  const sent: string[] = [];
  const signals: AbortSignal[] = [];
  const answer = <T>(
    call: string,
    answers: readonly (T | Error | Promise<never>)[],
  ): Promise<T> => {
    const nth = calls.filter((made) => made === call).length;
    calls.push(call);
    const given = answers[Math.min(nth, answers.length - 1)];
    if (given instanceof Error) return Promise.reject(given);
    if (given === undefined) return assert.fail(`${call} is called`);
    return Promise.resolve(given);
  };
  const request = <T>(
    call: string,
    payload: Uint8Array,
    signal: AbortSignal,
    from: readonly (T | Error | Promise<never>)[],
  ) => {
    const delivery = Delivery.current();
    if (delivery) delivery.sent = true;
    sent.push(new TextDecoder().decode(payload));
    signals.push(signal);
    return answer(call, from);
  };
  const service: LambdaService = {
    stream: (payload, signal) => request("stream", payload, signal, streams),
    buffered: (payload, signal) => request("buffered", payload, signal, buffers),
    state: async () => {
      const { state, reason } = await answer("state", states);
      return { state, reason };
    },
  };
  const notices: string[] = [];
  const run = invoke({
    service,
    payload: "request",
    buffered: { payload: "buffered request", limitMs: 930_000 },
    signal: stop ?? new AbortController().signal,
    notice: (text) => void notices.push(text),
    onBuffered: () => undefined,
    context,
    target,
  });
  const received = (async () => {
    let text = "";
    for await (const part of run) text += new TextDecoder().decode(part);
    return text;
  })();
  received.catch(() => undefined);
  return { received, context, calls, sent, signals, notices };
}

async function failureOf(received: Promise<string>): Promise<Failure> {
  const thrown = await received.then(
    (text) => assert.fail(`it ended well: ${text}`),
    (error: unknown) => error,
  );
  assert(thrown instanceof Failure, String(thrown));
  return thrown;
}

const noStreaming = awsError("UnknownOperationException", "", { status: 404 });

describe("a streamed response", () => {
  test("passes on its bytes, with a line break after the last one", async (t) => {
    const { received, calls, sent, notices } = invoking(t, {
      streams: [streamed(chunk(line), chunk(line), complete())],
    });
    assert.equal(await received, `${line}${line}\n`);
    assert.deepEqual([calls, sent, notices], [["stream"], ["request"], []]);
  });

  test("ends with the function, although the connection stays open", async (t) => {
    const { received } = invoking(t, { streams: [streamed(chunk(line), complete(), "silence")] });
    assert.equal(await received, `${line}\n`);
  });

  test("without a stream, or with parts of another kind, has no bytes", async (t) => {
    assert.equal(await invoking(t, { streams: [{ $metadata: {} }] }).received, "");
    const other = { $unknown: ["x", 1] } satisfies Part;
    const { received } = invoking(t, { streams: [streamed({ PayloadChunk: {} }, other)] });
    assert.equal(await received, "");
  });

  test("with an error of the function is its failure", async (t) => {
    const ErrorDetails = '{"errorType":"Runtime.OutOfMemory"}';
    const { received } = invoking(t, {
      streams: [streamed(chunk(line), complete({ ErrorCode: "Unhandled", ErrorDetails }))],
    });
    assert.equal((await failureOf(received)).code, "function-out-of-memory");
    const bare = invoking(t, { streams: [streamed(complete({ ErrorCode: "Unhandled" }))] });
    assert.equal((await failureOf(bare.received)).code, "function-crashed");
  });

  test("that breaks leaves the outcome open, with the reason", async (t) => {
    const reason = systemError("ECONNRESET");
    const { received, calls } = invoking(t, { streams: [streamed(chunk(line), reason)] });
    const failure = await failureOf(received);
    assert.deepEqual([failure.kind, failure.code], ["unreachable", "outcome-unknown"]);
    assert.match(failure.message, /^The connection broke; the function may still be running\.$/);
    assert.equal(failure.cause, reason);
    assert.deepEqual(calls, ["stream"]);
  });
});

describe("a function that is silent", () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  test("before its response is given up after a minute, and its request is aborted", async (t) => {
    const { received, context, signals } = invoking(t, { streams: [never] });
    await context.waitsFor(60_000, () => false);
    context.tick(60_000);
    const failure = await failureOf(received);
    assert.deepEqual([failure.kind, failure.code], ["unreachable", "outcome-unknown"]);
    assert.equal(
      failure.message,
      "The function migrate did not respond within 60 s; it may be running.",
    );
    assert.deepEqual(hintLines(failure.hints), [
      "Check the network, HTTPS_PROXY, and the function's log.",
    ]);
    assert.equal(signals[0]?.aborted, true);
  });

  test("before its first byte is given up after a minute", async (t) => {
    const { received, context, signals } = invoking(t, { streams: [streamed("silence")] });
    await turn();
    await context.waitsFor(60_000, () => false);
    assert.equal(signals[0]?.aborted, false);
    context.tick(60_000);
    assert.match((await failureOf(received)).message, / did not respond within 60 s/);
    assert.equal(signals[0].aborted, true);
  });

  test("later is given up after 35 seconds: three heartbeats are missing", async (t) => {
    const { received, context } = invoking(t, { streams: [streamed(chunk(line), "silence")] });
    await context.waitsFor(35_000, () => false);
    context.tick(35_000);
    const failure = await failureOf(received);
    assert.deepEqual([failure.kind, failure.code], ["unreachable", "outcome-unknown"]);
    assert.match(failure.message, /^The connection went silent; the function may still be running/);
    assert(failure.cause instanceof Error);
    assert.match(failure.cause.message, /^Nothing arrived for 35 s/);
  });

  test("without streaming is waited for as long as it may run", async (t) => {
    const { received, context } = invoking(t, { streams: [noStreaming], buffers: [never] });
    await context.waitsFor(930_000, () => false);
    context.tick(930_000);
    assert.match((await failureOf(received)).message, /within 930 s/);
  });

  test("is not awaited if the caller gives up: its request is aborted with the caller", async (t) => {
    const stop = new AbortController();
    const { signals } = invoking(t, { streams: [never], stop: stop.signal });
    await turn();
    stop.abort();
    assert.equal(signals[0]?.aborted, true);
  });
});

describe("a service without streaming", () => {
  test("is asked for the whole response, and that is announced", async (t) => {
    const { received, calls, sent, notices } = invoking(t, {
      streams: [noStreaming],
      buffers: [buffered(JSON.stringify(line))],
    });
    assert.equal(await received, line);
    assert.deepEqual(calls, ["stream", "buffered"]);
    assert.deepEqual(sent, ["request", "buffered request"]);
    assert.match(notices.join(), /^Streaming is not available: /);
  });

  test("may return nothing, or an error of the function", async (t) => {
    const nothing = invoking(t, { streams: [noStreaming], buffers: [{}] });
    assert.equal(await nothing.received, "");
    const killed = '{"errorMessage":"signal: killed"}';
    const { received } = invoking(t, {
      streams: [noStreaming],
      buffers: [buffered(killed, "Unhandled")],
    });
    assert.equal((await failureOf(received)).code, "function-killed");
  });

  test("that does not support buffered responses either is refused", async (t) => {
    const { received } = invoking(t, { streams: [noStreaming], buffers: [noStreaming] });
    const failure = await failureOf(received);
    assert.deepEqual([failure.kind, failure.code], ["unreachable", "function-refused"]);
  });
});

describe("a request that did not start the function", () => {
  const throttled = awsError("TooManyRequestsException", "slow down", { status: 429 });
  const pending = awsError("ResourceConflictException", "Pending", { status: 409 });
  const good = () => streamed(chunk(line), complete());

  test("because of throttling is sent seven times at most, with growing pauses", async (t) => {
    const { received, calls, context, notices } = invoking(t, { streams: [throttled] });
    assert.equal((await failureOf(received)).code, "throttled");
    assert.equal(calls.length, 7);
    assert.deepEqual(context.slept, [500, 1000, 2000, 4000, 8000, 8000]);
    assert.equal(notices.length, 6);
    assert.match(notices[0] ?? "", /Attempt 2 of 7 in 0\.5 s …$/);
    assert.match(notices[5] ?? "", /Attempt 7 of 7 in 8\.0 s …$/);
  });

  test("because the function is set up is sent again when it is active", async (t) => {
    const { received, calls, context, notices } = invoking(t, {
      streams: [pending, good()],
      states: [{ state: "Pending" }, { state: "Pending" }, { state: "Active" }],
    });
    assert.equal(await received, `${line}\n`);
    assert.deepEqual(calls, ["stream", "state", "state", "state", "stream"]);
    assert.deepEqual(notices, ["Waiting for the function migrate to become active …"]);
    assert.ok(
      context.slept.every((ms) => ms === 1500),
      String(context.slept),
    );
  });

  test("is sent again where the state may not be read", async (t) => {
    const { received, calls } = invoking(t, {
      streams: [pending, good()],
      states: [awsError("AccessDeniedException")],
    });
    assert.equal(await received, `${line}\n`);
    assert.deepEqual(calls, ["stream", "state", "stream"]);
  });

  test("is not sent again where Lambda could not set up the function", async (t) => {
    const message = async (reason?: string): Promise<string> => {
      const { received } = invoking(t, {
        streams: [pending, good()],
        states: [{ state: "Failed", ...(reason !== undefined && { reason }) }],
      });
      const failure = await failureOf(received);
      assert.deepEqual([failure.kind, failure.code], ["unreachable", "function-failed"]);
      return failure.message;
    };
    assert.match(await message("no subnet"), /set up the function migrate: no subnet\.$/);
    assert.match(await message(), /: AWS gives no reason\.$/);
  });

  test("is not sent again after three minutes of waiting", async (t) => {
    const { received, calls, context } = invoking(t, {
      streams: [pending],
      states: [{ state: "Pending" }],
    });
    const failure = await failureOf(received);
    assert.equal(failure.code, "function-unavailable");
    const waited = context.now() - instant;
    assert.ok(waited > 180_000 && waited < 185_000, String(waited));
    assert.equal(calls.filter((call) => call === "stream").length, 2);
  });

  test("is never sent again where it may have started", async (t) => {
    for (const error of [
      awsError("ServiceException", "x", { status: 500 }),
      systemError("EPIPE"),
    ]) {
      const { received, calls } = invoking(t, { streams: [error] });
      await failureOf(received);
      assert.deepEqual(calls, ["stream"]);
    }
  });

  test("is given up if the query for its state is aborted", async (t) => {
    const { received, calls } = invoking(t, {
      streams: [pending, good()],
      states: [awsError("AbortError", "aborted")],
    });
    await failureOf(received);
    assert.deepEqual(calls, ["stream", "state"]);
  });
});
