import http from "node:http";
import { finished } from "node:stream/promises";
import type { TestContext } from "vitest";
import * as z from "zod";
import { frame } from "../../support/lambda-stand-in.ts";
import { partsOf } from "./event-frames.ts";
import { startProxy } from "./proxy.ts";

/**
 * What can happen to a request before its answer begins. dropped: the connection is reset before anything is passed on · lost: it is
 * passed on, and the connection is reset before a byte of the answer · lost at the end: the same, when the function has ended ·
 * a status: a gateway answers with HTML and passes nothing on · a status, late: it answers so, and has passed the request on.
 */
export type RequestFault =
  "dropped" | "lost" | "lost at the end" | `${429 | 502 | 503 | 504}` | `${502 | 504} late`;

/**
 * What can happen to an answer at one of its events. reset: the connection is reset after it · half: part of the way through its frame ·
 * ended: the answer ends after it in good order, without what Lambda closes a stream with · held: what follows arrives when the
 * function has ended · passed: nothing.
 */
export interface AnswerFault {
  readonly what: "reset" | "half" | "ended" | "held" | "passed";
  /** From 0; -1: after the head of the answer, before the first event. */
  readonly at: number;
  /** How much of the frame arrives where it is cut; default: half. */
  readonly share?: number;
  /** Called when the event is there, before it is passed on. */
  readonly before?: () => void;
  /** Awaited when it was passed on, before the harm. */
  readonly after?: () => Promise<void>;
}

export type StreamFault = RequestFault | AnswerFault;

const Payload = z.looseObject({ operation: z.string(), runId: z.string() });

/** A request as it passes. */
export interface PassingRequest {
  /** From 0, since the last `expect`. */
  readonly index: number;
  readonly operation: string;
}

/** A proxy between a command line and the Lambda service that does harm on request. One event is one frame behind it. */
export interface Relay {
  readonly url: string;
  /** What passed since the last `expect`. */
  readonly passed: readonly PassingRequest[];
  /** Forgets what passed, and asks `fault` for every request from now on. */
  expect(fault: (passing: PassingRequest) => StreamFault | undefined): void;
  /** Resolves when every function that was asked has ended. Rejects with what went wrong in the proxy itself. */
  idle(): Promise<void>;
}

/** Starts the proxy in front of a Lambda service; stopped after the test. */
export async function startRelay(t: TestContext, target: string): Promise<Relay> {
  let problem: Error | undefined;
  let passed: PassingRequest[] = [];
  let faultOf: Parameters<Relay["expect"]>[0] = () => undefined;
  const serve = async (
    request: http.IncomingMessage,
    response: http.ServerResponse,
    body: string,
  ): Promise<void> => {
    const passing = { index: passed.length, operation: Payload.parse(JSON.parse(body)).operation };
    passed.push(passing);
    const fault = faultOf(passing) ?? { what: "passed", at: -1 };
    const onward = (): Promise<http.IncomingMessage> => forward(target, request, body);
    await (typeof fault === "string"
      ? requestHarmed(fault, onward, response)
      : answerHarmed(fault, await onward(), response));
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
    expect: (fault) => {
      passed = [];
      faultOf = fault;
    },
    idle: async () => {
      await idle();
      if (problem) throw problem;
    },
  };
}

async function requestHarmed(
  fault: RequestFault,
  onward: () => Promise<http.IncomingMessage>,
  response: http.ServerResponse,
): Promise<void> {
  const [status = "", late] = fault.split(" ");
  if (fault === "dropped" || fault === "lost" || fault === "lost at the end") {
    const lost = fault === "dropped" ? undefined : await onward();
    if (fault === "lost") reset(response);
    if (lost) await ended(lost);
    reset(response);
    return;
  }
  const answer = late === undefined ? undefined : await onward();
  response
    .writeHead(Number(status), { "content-type": "text/html" })
    .end(`<html><head><title>${status} Gateway</title></head></html>`);
  if (answer) await ended(answer);
}

async function answerHarmed(
  fault: AnswerFault,
  answer: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  response.writeHead(answer.statusCode ?? 0, headersOf(answer)).flushHeaders();
  const later: Uint8Array[] = [];
  let index = -1;
  const reached = async (whole: Uint8Array): Promise<void> => {
    fault.before?.();
    await pass(
      response,
      fault.what === "half"
        ? whole.subarray(0, Math.ceil(whole.length * (fault.share ?? 0.5)))
        : whole,
    );
    await fault.after?.();
    if (fault.what === "reset" || fault.what === "half") reset(response);
    if (fault.what === "ended") response.end();
  };
  if (fault.at === -1) await reached(new Uint8Array());
  for await (const { type, body } of partsOf(answer)) {
    index += 1;
    const bytes = frame(type, body);
    if (index === fault.at) await reached(bytes);
    else if (index > fault.at && fault.what === "held") later.push(bytes);
    else await pass(response, bytes);
  }
  await pass(response, Buffer.concat(later));
  if (!response.writableEnded) response.end();
}

async function pass(response: http.ServerResponse, bytes: Uint8Array): Promise<void> {
  // A response notices a while after its socket that nobody listens, and then never says what became of a write.
  if (bytes.length === 0 || response.writableEnded || (response.socket?.destroyed ?? true)) return;
  await new Promise<void>((done) => {
    response.once("close", done);
    response.write(bytes, () => {
      response.off("close", done);
      done();
    });
  });
}

function headersOf({ headers }: http.IncomingMessage): http.OutgoingHttpHeaders {
  const ofConnection = ["connection", "keep-alive", "transfer-encoding"];
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !ofConnection.includes(name)),
  );
}

/** The function goes on to its end, whoever listens. */
async function ended(answer: http.IncomingMessage): Promise<void> {
  await finished(answer.resume());
}

/** With RST, as a machine on the way does that has lost track of a connection. */
function reset(response: http.ServerResponse): void {
  response.socket?.resetAndDestroy();
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
      headers: { ...headers, connection: "close" },
    });
    onward.on("error", reject).on("response", resolve).end(body);
  });
}
