import type {
  InvokeCommandOutput,
  InvokeWithResponseStreamCommandOutput,
} from "@aws-sdk/client-lambda";
import { Failure } from "../../../protocol/failure.ts";
import { exponentialBackoff, poll, retry, type Poll } from "../../../retry.ts";
import type { CliContext } from "../../context.ts";
import type { Notice } from "../connection.ts";
import { classifyError } from "./classify-error.ts";
import { functionFailure } from "./function-errors.ts";
import { explainInvocation, type InvocationTarget } from "./invoke-errors.ts";
import { asLines } from "./response-payload.ts";
import { errorName } from "./sdk-error.ts";

/** The three calls that are made; each sends exactly one request. */
export interface LambdaService {
  stream(payload: Uint8Array, signal: AbortSignal): Promise<InvokeWithResponseStreamCommandOutput>;
  buffered(payload: Uint8Array, signal: AbortSignal): Promise<InvokeCommandOutput>;
  state(
    signal: AbortSignal,
  ): Promise<{ readonly state: string; readonly reason: string | undefined }>;
}

/** One invocation, and what it needs. */
export interface Invocation {
  readonly service: LambdaService;
  readonly payload: string;
  /** Sent instead where the response cannot be streamed. */
  readonly bufferedPayload: string;
  readonly signal: AbortSignal;
  readonly notice: Notice;
  readonly context: CliContext;
  readonly target: InvocationTarget;
}

/** The response of one invocation as bytes: streamed, or buffered where streaming certainly does not exist. */
export async function* invoke(invocation: Invocation): AsyncGenerator<Uint8Array> {
  const { service, signal, notice, target } = invocation;
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const streamed = await send(invocation, () => service.stream(encode(invocation.payload), signal));
  if (streamed !== "no-streaming") {
    yield* asLines(chunksOf(streamed, target));
    return;
  }
  notice("Streaming is not available here: all output appears when the function has ended.");
  const buffered = await send(invocation, () =>
    service.buffered(encode(invocation.bufferedPayload), signal),
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
  yield* asLines([payload]);
}

async function* chunksOf(
  output: InvokeWithResponseStreamCommandOutput,
  target: InvocationTarget,
): AsyncGenerator<Uint8Array> {
  if (!output.EventStream) return;
  try {
    for await (const part of output.EventStream) {
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

/** Sends until the function has started. Only what certainly did not start it is repeated; anything else is explained and thrown. */
async function send<T>(
  invocation: Invocation,
  request: () => Promise<T>,
): Promise<T | "no-streaming"> {
  try {
    return await whilePreparing(invocation, () => whileThrottled(invocation, request));
  } catch (thrown) {
    if (classifyError(thrown) === "no-streaming") return "no-streaming";
    throw await explainInvocation(thrown, invocation.target);
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
