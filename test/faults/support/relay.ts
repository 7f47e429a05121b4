import http from "node:http";
import type { TestContext } from "vitest";
import * as z from "zod";
import { answerHarmed, type AnswerFault } from "./answer-faults.ts";
import { startProxy, type Onward } from "./proxy.ts";
import { requestHarmed, type RequestFault } from "./request-faults.ts";

export type ClientSideFault = RequestFault | AnswerFault;

const Payload = z.looseObject({
  operation: z.string(),
  options: z.record(z.string(), z.unknown()),
});

/** A request as it passes. */
export interface PassingRequest {
  /** From 0, since the last `expect`. */
  readonly index: number;
  readonly operation: string;
}

/** What is between a command line and its function. */
export interface Expected {
  /** Asked for every request. */
  readonly faultOf: (passing: PassingRequest) => ClientSideFault | undefined;
  /** False: a service that has no response streaming. */
  readonly streaming?: boolean;
  /** The run pauses after so many milliseconds of work, whatever the request says. */
  readonly sliceMs?: number | undefined;
  /**
   * What happens to the question that comes before an upload. That question is not counted, so that the numbers of requests are those
   * of a run from the image.
   */
  readonly inventoryFault?: () => ClientSideFault | undefined;
}

/** A proxy between a command line and the Lambda service that does harm on request. One event is one frame behind it. */
export interface Relay {
  readonly url: string;
  /** What passed since the last `expect`. */
  readonly passed: readonly PassingRequest[];
  /** Forgets what passed; from now on it is as `expected`. */
  expect(expected: Expected): void;
  /** Resolves when every function that was asked has ended. Rejects with what went wrong in the proxy itself. */
  idle(): Promise<void>;
}

interface RelayOptions {
  readonly target: string;
  /** Awaited before a question about a run is passed on, when no function works on the run any more. */
  readonly beforeLookup: () => Promise<void>;
}

/** Starts the proxy in front of a Lambda service; stopped after the test. */
export async function startRelay(
  t: TestContext,
  { target, beforeLookup }: RelayOptions,
): Promise<Relay> {
  let problem: Error | undefined;
  let passed: PassingRequest[] = [];
  let expected: Expected = { faultOf: () => undefined };
  let working = 0;
  const serve = async (
    request: http.IncomingMessage,
    response: http.ServerResponse,
    text: string,
  ): Promise<void> => {
    if (expected.streaming === false && request.url?.includes("response-streaming")) {
      refuseStreaming(response);
      return;
    }
    const payload = Payload.parse(JSON.parse(text));
    const { operation } = payload;
    if (operation === "inventory") {
      await harmed(expected.inventoryFault?.(), () => forward(target, request, text), response);
      return;
    }
    const passing = { index: passed.length, operation };
    passed.push(passing);
    const fault = expected.faultOf(passing);
    const isRun = operation === "apply" || operation === "reset-to";
    if (operation === "history" && working === 0) await beforeLookup();
    const body = isRun ? JSON.stringify(inSlices(payload, expected.sliceMs)) : text;
    const onward: Onward = async () => {
      working += isRun ? 1 : 0;
      const answer = await forward(target, request, body);
      answer.once("close", () => (working -= isRun ? 1 : 0));
      return answer;
    };
    await harmed(fault, onward, response);
  };
  const { url, idle } = await startProxy(
    t,
    serve,
    (thrown) => (problem ??= new Error("the proxy failed", { cause: thrown })),
  );
  return {
    url,
    get passed() {
      return passed;
    },
    expect: (next) => {
      passed = [];
      expected = next;
    },
    idle: async () => {
      await idle();
      if (problem) throw problem;
    },
  };
}

/** Passes a request on, with the fault that happens to it or its answer. */
async function harmed(
  fault: ClientSideFault | undefined,
  onward: Onward,
  response: http.ServerResponse,
): Promise<void> {
  await (typeof fault === "string"
    ? requestHarmed(fault, onward, response)
    : answerHarmed(fault ?? { what: "passed", at: -1 }, onward, response));
}

function refuseStreaming(response: http.ServerResponse): void {
  response
    .writeHead(404, {
      "content-type": "application/json",
      "x-amzn-errortype": "UnknownOperationException",
    })
    .end("{}");
}

function inSlices(
  { options, ...payload }: z.infer<typeof Payload>,
  sliceMs: number | undefined,
): object {
  return { ...payload, options: { ...options, ...(sliceMs !== undefined && { sliceMs }) } };
}

function forward(
  target: string,
  { url, method, headers }: http.IncomingMessage,
  body: string,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const onward = http.request(new URL(url ?? "/", target), {
      agent: false,
      method,
      headers: { ...headers, "content-length": Buffer.byteLength(body), connection: "close" },
    });
    onward.on("error", reject).on("response", resolve).end(body);
  });
}
