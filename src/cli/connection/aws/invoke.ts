import type {
  InvokeCommandOutput,
  InvokeWithResponseStreamCommandOutput,
} from "@aws-sdk/client-lambda";
import { Failure } from "../../../protocol/failure.ts";
import type { Notice } from "../connection.ts";
import type { CliContext } from "../../context.ts";
import { errorName } from "./sdk-error.ts";
import { explainInvocation, type InvokeErrorContext } from "./invoke-errors.ts";
import { functionFailure } from "./function-errors.ts";
import { asLines } from "./response-payload.ts";
import { classifyError } from "./classify-error.ts";

/** The three calls that are made, each exactly once a call. */
export interface LambdaService {
  stream(payload: Uint8Array, signal: AbortSignal): Promise<InvokeWithResponseStreamCommandOutput>;
  buffered(payload: Uint8Array, signal: AbortSignal): Promise<InvokeCommandOutput>;
  state(
    signal: AbortSignal,
  ): Promise<{ readonly state: string; readonly reason: string | undefined }>;
}

export interface Invocation {
  readonly service: LambdaService;
  readonly payload: string;
  readonly bufferedPayload: string;
  readonly signal: AbortSignal;
  readonly notice: Notice;
  readonly world: CliContext;
  readonly context: InvokeErrorContext;
}

/** One invocation as bytes: streamed, or buffered where streaming certainly does not exist. */
export async function* invoke(it: Invocation): AsyncGenerator<Uint8Array> {
  const payload = new TextEncoder().encode(it.payload);
  const streamed = await started(it, () => it.service.stream(payload, it.signal));
  if (streamed !== "no-streaming") {
    yield* asLines(chunksOf(streamed, it));
    return;
  }
  it.notice("Streaming is not available here: everything is shown when the function has ended.");
  const buffered = await started(it, () =>
    it.service.buffered(new TextEncoder().encode(it.bufferedPayload), it.signal),
  );
  if (buffered === "no-streaming")
    throw new Failure(
      "unreachable",
      "function-refused",
      "The function can be invoked neither streaming nor buffered.",
    );
  const answer = buffered.Payload ?? new Uint8Array();
  if (buffered.FunctionError !== undefined)
    throw functionFailure(buffered.FunctionError, new TextDecoder().decode(answer), it.context);
  yield* asLines([answer]);
}

async function* chunksOf(
  output: InvokeWithResponseStreamCommandOutput,
  it: Invocation,
): AsyncGenerator<Uint8Array> {
  if (!output.EventStream) return;
  try {
    for await (const part of output.EventStream) {
      if (part.PayloadChunk?.Payload) yield part.PayloadChunk.Payload;
      const complete = part.InvokeComplete;
      if (complete?.ErrorCode)
        throw functionFailure(complete.ErrorCode, complete.ErrorDetails ?? "", it.context);
      if (complete) {
        // What was said is whole now, also a last line that forgot its end. The loop itself would only end with the response.
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
const mostThrottled = 6;

/** Sends until the function has started: what certainly did not start it is waited for, everything else is thrown, explained. */
async function started<T>(it: Invocation, send: () => Promise<T>): Promise<T | "no-streaming"> {
  const since = it.world.now();
  for (let throttled = 0; ;) {
    try {
      return await send();
    } catch (thrown) {
      const verdict = classifyError(thrown);
      if (verdict === "no-streaming") return "no-streaming";
      const late = it.world.now() - since > preparingLimitMs;
      if (verdict === "throttled" && throttled < mostThrottled) {
        const pause = Math.min(8000, 500 * 2 ** throttled) * (0.5 + it.world.random() / 2);
        throttled += 1;
        it.notice(
          `AWS has too many requests (429); nothing has run. Try ${throttled + 1} of ${mostThrottled + 1} in ${(pause / 1000).toFixed(1)} s …`,
        );
        await it.world.sleep(pause, it.signal);
      } else if (verdict === "preparing" && !late) {
        it.notice(`The function ${it.context.function} is being set up; waiting for it …`);
        await untilActive(it, since);
      } else throw await explainInvocation(thrown, it.context);
    }
  }
}

/** Waits until the function is active. Who may not look just waits a little: the next invocation tells. */
async function untilActive(it: Invocation, since: number): Promise<void> {
  do {
    await it.world.sleep(1000 + 1000 * it.world.random(), it.signal);
    const state = await lookAt(it);
    if (state === "Active" || state === "unknown") return;
  } while (it.world.now() - since < preparingLimitMs);
}

async function lookAt(it: Invocation): Promise<string> {
  try {
    const { state, reason } = await it.service.state(it.signal);
    if (state !== "Failed") return state;
    throw new Failure(
      "unreachable",
      "function-failed",
      `The function ${it.context.function} could not be set up: ${reason ?? "AWS gives no reason"}.`,
    );
  } catch (thrown) {
    if (thrown instanceof Failure || errorName(thrown) === "AbortError") throw thrown;
    return "unknown";
  }
}
