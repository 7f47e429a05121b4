import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { completeFrame, payloadFrame } from "./frames.ts";
import { answerTooLarge, type FunctionError } from "./function-error.ts";
import { largestPayloadBytes } from "./invoke-request.ts";

/** Where a function's answer goes: `write` as it comes, `end` exactly once. Neither minds a caller who has gone away. */
export interface Answer {
  write(bytes: Uint8Array): Promise<void>;
  /** `log` is base64, present where the caller asked for it. */
  end(error: FunctionError | undefined, log: string | undefined): void;
}

interface Head {
  readonly requestId: string;
  readonly version: string;
}

/** The answer to InvokeWithResponseStream: a frame for each piece, as it comes. */
export function streamedAnswer(response: ServerResponse, head: Head): Answer {
  response.writeHead(200, {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amz-executed-version": head.version,
    "x-amzn-requestid": head.requestId,
  });
  response.flushHeaders();
  return {
    write: async (bytes) => {
      if (response.destroyed || response.writableEnded || response.write(payloadFrame(bytes)))
        return;
      const settled = new AbortController(); // takes the listener of the loser away again
      const { signal } = settled;
      await Promise.race([
        once(response, "drain", { signal }),
        once(response, "close", { signal }),
      ]).catch(() => undefined);
      settled.abort();
    },
    end: (error, log) => {
      const failed = error && { ErrorCode: "Unhandled", ErrorDetails: error.body };
      response.end(completeFrame({ ...failed, ...(log && { LogResult: log }) }));
    },
  };
}

/** The answer to Invoke: all of it at once, at the end. A function that streams is collected. */
export function bufferedAnswer(response: ServerResponse, head: Head): Answer {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    write: (bytes) => {
      size += bytes.length;
      if (size <= largestPayloadBytes) chunks.push(bytes);
      return Promise.resolve();
    },
    end: (error, log) => {
      const failed =
        error ?? (size > largestPayloadBytes ? answerTooLarge(largestPayloadBytes) : undefined);
      const body = failed ? Buffer.from(failed.body) : Buffer.concat(chunks);
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": body.length,
        "x-amz-executed-version": head.version,
        "x-amzn-requestid": head.requestId,
        ...(failed && { "x-amz-function-error": "Unhandled" }),
        ...(log && { "x-amz-log-result": log }),
      });
      response.end(body);
    },
  };
}

/** Nobody waits for the answer: an asynchronous invocation. */
export const noAnswer: Answer = { write: () => Promise.resolve(), end: () => undefined };
