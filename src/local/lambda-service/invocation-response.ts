import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { completeFrame, payloadFrame } from "./event-stream-frames.ts";
import { responseTooLarge, type FunctionError } from "./function-error.ts";
import { maxPayloadBytes } from "./invoke-request.ts";

/** The response to a caller. A caller that has disconnected causes no error. */
export interface InvocationResponse {
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Called exactly once. `log` is base64, and present when the caller requested it. */
  end(error: FunctionError | undefined, log: string | undefined): void;
}

interface Head {
  readonly requestId: string;
  readonly version: string;
}

/** Responds to InvokeWithResponseStream: a frame for each chunk, sent at once. */
export function streamedResponse(response: ServerResponse, head: Head): InvocationResponse {
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
      const settled = new AbortController(); // removes the listener that did not fire
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

/** Responds to Invoke, at the end. The chunks of a streaming function are collected. */
export function bufferedResponse(response: ServerResponse, head: Head): InvocationResponse {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    write: (bytes) => {
      size += bytes.length;
      if (size <= maxPayloadBytes) chunks.push(bytes);
      return Promise.resolve();
    },
    end: (error, log) => {
      const failed =
        error ?? (size > maxPayloadBytes ? responseTooLarge(maxPayloadBytes) : undefined);
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

/** For an asynchronous invocation, which has no caller waiting. */
export const discardedResponse: InvocationResponse = {
  write: () => Promise.resolve(),
  end: () => undefined,
};
