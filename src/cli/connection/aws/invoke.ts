import type { InvokeWithResponseStreamCommandOutput } from "@aws-sdk/client-lambda";
import { Failure } from "../../../protocol/failure.ts";
import { exponentialBackoff, poll, retry, type Poll } from "../../../retry.ts";
import type { CliContext } from "../../context.ts";
import type { BufferedRequest, FunctionFacts, Notice } from "../connection.ts";
import { eachWithin } from "../time-limit.ts";
import { classifyError } from "./classify-error.ts";
import { Delivery } from "./delivery.ts";
import { functionFailure } from "./function-errors.ts";
import { explainInvocation, type InvocationTarget } from "./invoke-errors.ts";
import { asLines } from "./response-payload.ts";
import { firstByteMs, responseTimeouts, type ResponseTimeouts } from "./response-timeouts.ts";
import { errorName } from "./sdk-error.ts";

/** A response as a whole. */
export interface BufferedResponse {
  readonly Payload?: Uint8Array | undefined;
  readonly FunctionError?: string | undefined;
}

/** The three calls that are made; each sends exactly one request. */
export interface LambdaService {
  stream(payload: Uint8Array, signal: AbortSignal): Promise<InvokeWithResponseStreamCommandOutput>;
  buffered(payload: Uint8Array, signal: AbortSignal): Promise<BufferedResponse>;
  state(signal: AbortSignal): Promise<FunctionFacts>;
}

/** One invocation, and what it needs. */
export interface Invocation {
  readonly service: LambdaService;
  readonly payload: string;
  /** Sent instead where the response cannot be streamed. */
  readonly buffered: BufferedRequest;
  readonly signal: AbortSignal;
  readonly notice: Notice;
  /** Called if the response cannot be streamed, before `buffered` is sent. */
  readonly onBuffered: () => void;
  readonly context: CliContext;
  readonly target: InvocationTarget;
}

/**
 * The response of one invocation as bytes: streamed, or buffered where streaming certainly does not exist. Every wait is bounded: a
 * response that is silent for too long counts as a broken connection.
 */
export async function* invoke(invocation: Invocation): AsyncGenerator<Uint8Array> {
  const { service, notice, target } = invocation;
  const timeouts = responseTimeouts(target, invocation.signal, invocation.context.every);
  const { signal } = timeouts;
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const streamed = await send(invocation, () =>
    timeouts.first(service.stream(encode(invocation.payload), signal), firstByteMs),
  );
  if (streamed !== "no-streaming") {
    yield* asLines(chunksOf(streamed, target, timeouts), target);
    return;
  }
  invocation.onBuffered();
  notice("Streaming is not available: all output appears when the function has finished.");
  const { payload: request, limitMs } = invocation.buffered;
  const buffered = await send(invocation, () =>
    timeouts.first(service.buffered(encode(request), signal), limitMs),
  );
  if (buffered === "no-streaming")
    throw new Failure(
      "unreachable",
      "function-refused",
      "The Lambda service offers neither streamed nor buffered responses for this function.",
    );
  const payload = buffered.Payload ?? new Uint8Array();
  if (buffered.FunctionError !== undefined)
    throw functionFailure(buffered.FunctionError, new TextDecoder().decode(payload), target);
  yield* asLines([payload], target);
}

async function* chunksOf(
  output: InvokeWithResponseStreamCommandOutput,
  target: InvocationTarget,
  timeouts: ResponseTimeouts,
): AsyncGenerator<Uint8Array> {
  if (!output.EventStream) return;
  let begun = false;
  const parts = eachWithin(output.EventStream, (next) =>
    begun ? timeouts.next(next) : timeouts.first(next, firstByteMs),
  );
  try {
    for await (const part of parts) {
      begun = true;
      if (part.PayloadChunk?.Payload) yield part.PayloadChunk.Payload;
      const complete = part.InvokeComplete;
      if (complete?.ErrorCode)
        throw functionFailure(complete.ErrorCode, complete.ErrorDetails ?? "", target);
      if (complete) {
        // Completes a last line without an end. Without this return, the loop would wait for the end of the response.
        yield lineEnd;
        return;
      }
    }
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw new Failure(
      "unreachable",
      "outcome-unknown",
      "The connection broke; the function may still be running.",
      { cause: thrown },
    );
  }
}

const lineEnd = new TextEncoder().encode("\n");
const preparingLimitMs = 180_000;
const throttledAttempts = 7;

/**
 * Sends until the function has started. Only what certainly did not start it is repeated; anything else is explained and thrown.
 */
async function send<T>(
  invocation: Invocation,
  request: () => Promise<T>,
): Promise<T | "no-streaming"> {
  let delivery = new Delivery();
  const attempt = (): Promise<T> => {
    delivery = new Delivery();
    return delivery.observe(request);
  };
  try {
    return await whilePreparing(invocation, () => whileThrottled(invocation, attempt));
  } catch (thrown) {
    if (classifyError(thrown) === "no-streaming") return "no-streaming";
    throw await explainInvocation(thrown, invocation.target, delivery, invocation.context.env);
  }
}

function whileThrottled<T>(
  { context: { random, sleep }, signal, notice }: Invocation,
  request: () => Promise<T>,
): Promise<T> {
  return retry(request, {
    backoff: exponentialBackoff({ firstMs: 500, longestMs: 8000, random }),
    shouldRetry: (thrown, attempt) =>
      classifyError(thrown) === "throttled" && attempt < throttledAttempts,
    onRetry: (_, attempt, delayMs) =>
      notice(
        `AWS throttled the request (429); nothing has run. Attempt ${attempt + 1} of ${throttledAttempts} in ${(delayMs / 1000).toFixed(1)} s …`,
      ),
    sleep,
    signal,
  });
}

function whilePreparing<T>(invocation: Invocation, request: () => Promise<T>): Promise<T> {
  const { context, signal, notice, target } = invocation;
  const deadline = context.now() + preparingLimitMs;
  return retry(request, {
    backoff: () => pauseMs(context),
    shouldRetry: (thrown) => classifyError(thrown) === "preparing" && context.now() <= deadline,
    onRetry: async () => {
      notice(`Waiting for the function ${target.function} to become active …`);
      await poll(() => checkState(invocation, deadline), {
        backoff: () => pauseMs(context),
        sleep: context.sleep,
        signal,
      });
    },
    sleep: context.sleep,
    signal,
  });
}

function pauseMs({ random }: CliContext): number {
  return 1000 + 1000 * random();
}

/** Done when the function is active, when its state may not be read (the next invocation shows it), or when the time is over. */
async function checkState(
  { service, context, signal, target }: Invocation,
  deadline: number,
): Promise<Poll<undefined>> {
  const done = { done: true, value: undefined } as const;
  try {
    const { state, reason } = await service.state(signal);
    if (state === "Failed")
      throw new Failure(
        "unreachable",
        "function-failed",
        `Lambda could not set up the function ${target.function}: ${reason ?? "AWS gives no reason"}.`,
      );
    return state === "Active" || context.now() > deadline ? done : { done: false };
  } catch (thrown) {
    if (thrown instanceof Failure || errorName(thrown) === "AbortError") throw thrown;
    return done;
  }
}
