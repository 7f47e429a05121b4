import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "vitest";
import { EventStreamCodec } from "@smithy/core/event-streams";
import { fromUtf8, toUtf8 } from "@smithy/core/serde";
import { linesInAnswerTo } from "./run-events.ts";

/** One request as Lambda would get it. */
export interface Call {
  readonly kind: "stream" | "buffered" | "state" | "other";
  /** Name or ARN, decoded. */
  readonly function: string;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

export type Answer = (response: ServerResponse, call: Call) => void | Promise<void>;

export interface StandIn {
  readonly url: string;
  readonly calls: Call[];
}

/**
 * A server on which the test says what Lambda answers, request after request (the last answer is repeated for `state`). A call
 * nobody expected is answered with 599 and fails the test at its end. Ended with the test.
 */
export async function lambdaStandIn(t: TestContext, answers: readonly Answer[]): Promise<StandIn> {
  const calls: Call[] = [];
  const unexpected: string[] = [];
  const left = [...answers];
  const server = createServer((request, response) => {
    void (async () => {
      const call = await callOf(request);
      calls.push(call);
      const answer = left.shift();
      if (answer) return answer(response, call);
      unexpected.push(`${call.kind} ${call.function}`);
      response.writeHead(599).end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    if (unexpected.length > 0) throw new Error(`nobody expected: ${unexpected.join(", ")}`);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

async function callOf(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  const path = /\/functions\/([^/]+)(\/[a-z-]+)?/.exec(request.url ?? "");
  const end = path?.[2];
  const kind =
    end === "/response-streaming-invocations"
      ? "stream"
      : end === "/invocations"
        ? "buffered"
        : path
          ? "state"
          : "other";
  return {
    kind,
    function: decodeURIComponent(path?.[1] ?? ""),
    body: Buffer.concat(chunks).toString(),
    headers: request.headers,
  };
}

const codec = new EventStreamCodec(toUtf8, fromUtf8);

/** One frame of a streamed answer. */
export function frame(type: "PayloadChunk" | "InvokeComplete", body: string): Uint8Array {
  const headers = Object.entries({
    ":message-type": "event",
    ":event-type": type,
    ":content-type": type === "PayloadChunk" ? "application/octet-stream" : "application/json",
  });
  return codec.encode({
    headers: Object.fromEntries(
      headers.map(([name, value]) => [name, { type: "string" as const, value }]),
    ),
    body: Buffer.from(body),
  });
}

export function beginStream(response: ServerResponse): void {
  response.writeHead(200, {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amzn-requestid": "r-1",
  });
}

/** A whole run: the events as lines, then the end that Lambda gives. */
export function streams(events: readonly object[], complete: object = {}): Answer {
  return (response, { body }) => {
    beginStream(response);
    for (const event of events)
      response.write(frame("PayloadChunk", linesInAnswerTo(body, [event])));
    response.end(frame("InvokeComplete", JSON.stringify(complete)));
  };
}

/** Lambda's own refusal, as its JSON services give it. */
export function refuses(status: number, name: string, message: string, more: object = {}): Answer {
  return (response) => {
    response.writeHead(status, {
      "content-type": "application/json",
      "x-amzn-errortype": name,
      "x-amzn-requestid": "r-2",
    });
    response.end(JSON.stringify({ message, ...more }));
  };
}

export function answersHtml(status: number): Answer {
  return (response) => {
    response
      .writeHead(status, { "content-type": "text/html" })
      .end("<html><body>Service Unavailable</body></html>");
  };
}

export function answersState(state: string): Answer {
  return (response) => {
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ State: state }));
  };
}

/** What a function without streaming gives to a buffered invocation. */
export function returns(payload: string, functionError?: string): Answer {
  return (response) => {
    response
      .writeHead(200, {
        "content-type": "application/json",
        ...(functionError !== undefined && { "x-amz-function-error": functionError }),
      })
      .end(payload);
  };
}
