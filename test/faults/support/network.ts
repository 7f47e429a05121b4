import http from "node:http";
import type { TestContext } from "vitest";
import { read, startProxy } from "./proxy.ts";

/**
 * What can happen to one request on its way to Hasura. dropped: the connection breaks before anything arrives · refused: a gateway
 * answers 503 and passes nothing on · lost: it took effect, and the connection breaks · gateway: it took effect, and a gateway
 * answers 504 · half: it took effect, and the connection breaks half way through the answer · left: the connection breaks
 * while Hasura is at work on it, which goes on · late: a gateway answers 504 at once, and passes the request on later · slow: nothing is lost, it only takes longer.
 */
export const networkFaults = [
  "dropped",
  "refused",
  "lost",
  "gateway",
  "half",
  "left",
  "late",
  "slow",
] as const;
export type NetworkFault = (typeof networkFaults)[number];

export interface Passing {
  /** From 0, since the last `expect`. */
  readonly index: number;
  readonly path: string;
  readonly body: string;
}

type FaultOf = (passing: Passing) => NetworkFault | undefined | Promise<NetworkFault | undefined>;

/** A proxy between a run and Hasura's API that does harm on request. */
export interface Network {
  readonly url: string;
  /** What passed since the last `expect`. */
  readonly passed: readonly Passing[];
  /** Forgets what passed, and asks `fault` for every request from now on; a promise holds the request back. */
  expect(fault: FaultOf): void;
  /** Leads to another address from now on. */
  toward(target: string): void;
  /** Resolves when no request is on its way any more, also none that is late. */
  idle(): Promise<void>;
}

const delayMs = { late: 25, slow: 15, left: 4 } as const;
const html = (status: number): string =>
  `<html><head><title>${String(status)} Gateway</title></head></html>`;

/** Starts the proxy in front of `first`; stopped after the test. */
export async function startNetwork(t: TestContext, first: string): Promise<Network> {
  let target = first;
  const agent = new http.Agent({ keepAlive: true });
  let passed: Passing[] = [];
  let faultOf: FaultOf = () => undefined;

  const handle = async (
    request: http.IncomingMessage,
    response: http.ServerResponse,
    body: string,
  ): Promise<void> => {
    const passing = { index: passed.length, path: request.url ?? "/", body };
    passed.push(passing);
    const asked = faultOf(passing);
    const fault = asked instanceof Promise ? await asked : asked;
    if (fault === "dropped") return void response.destroy();
    if (fault === "refused") return void response.writeHead(503).end(html(503));
    await delayed(response, fault);
    respond(response, await forward(target, agent, request, body), fault);
  };

  const { url, idle } = await startProxy(t, handle);
  t.onTestFinished(() => {
    agent.destroy();
    return Promise.resolve();
  });
  return {
    url,
    idle,
    get passed() {
      return passed;
    },
    expect: (fault) => {
      passed = [];
      faultOf = fault;
    },
    toward: (other) => {
      target = other;
    },
  };
}

/** What happens to a request that is passed on, before it is. */
async function delayed(
  response: http.ServerResponse,
  fault: NetworkFault | undefined,
): Promise<void> {
  if (fault === "late") response.writeHead(504).end(html(504));
  if (fault === "late" || fault === "slow")
    await new Promise((done) => setTimeout(done, delayMs[fault]));
  if (fault === "left") setTimeout(() => void response.destroy(), delayMs.left);
}

function respond(
  response: http.ServerResponse,
  answer: Answer,
  fault: NetworkFault | undefined,
): void {
  if (fault === "late" || response.destroyed) return;
  if (fault === "lost") return void response.destroy();
  if (fault === "gateway") return void response.writeHead(504).end(html(504));
  response.writeHead(answer.status, {
    "content-type": answer.type,
    "content-length": Buffer.byteLength(answer.body),
  });
  if (fault !== "half") return void response.end(answer.body);
  response.write(
    answer.body.slice(0, Math.ceil(answer.body.length / 2)),
    () => void response.destroy(),
  );
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function forward(
  target: string,
  agent: http.Agent,
  { url, method, headers }: http.IncomingMessage,
  body: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onward = http.request(new URL(url ?? "/", target), {
      agent,
      method,
      headers: { ...headers, connection: "keep-alive" },
    });
    onward.on("error", reject);
    onward.on("response", (response) => {
      read(response).then(
        (text) =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers["content-type"] ?? "text/plain",
            body: text,
          }),
        reject,
      );
    });
    onward.end(body);
  });
}
