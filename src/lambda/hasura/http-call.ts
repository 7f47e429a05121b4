import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { connectionError } from "./connection-error.ts";

export interface HttpCall {
  readonly method: "GET" | "POST";
  /** Below the endpoint's own path, such as `/v2/query`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for the whole call; it is then aborted, with an unknown outcome. Infinite for no limit. */
  readonly limitMs: number;
}

/** A response, from whatever sent it. `cut`: it was too large, and the rest was not read. */
export interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
  readonly cut: boolean;
}

export interface HttpCaller {
  /** Sends once, without retries. Throws HasuraCallError: not-sent before a byte of the request was sent, unknown after that. */
  call(request: HttpCall): Promise<HttpAnswer>;
  /** Closes all connections, including busy ones. */
  close(): void;
}

export interface HttpOptions {
  readonly endpoint: URL;
  /** For name resolution, TCP and TLS together. */
  readonly connectMs: number;
  readonly largestAnswerBytes: number;
}

/** Shorter than Hasura's own idle timeout (30 s); a connection that was idle for longer is not used again. */
const idleMs = 15_000;
/** NAT gateways and load balancers drop connections after 350 s without traffic; the operating system's default is two hours. */
const probeMs = 30_000;

/** One keep-alive agent for each run: a connection must not outlive the invocation, because a frozen function does not notice when it dies. */
export function httpCaller(options: HttpOptions): HttpCaller {
  const secure = options.endpoint.protocol === "https:";
  const settings = { keepAlive: true, keepAliveMsecs: probeMs, timeout: idleMs, maxSockets: 8 };
  const agent = secure ? new https.Agent(settings) : new http.Agent(settings);
  return {
    call: (request) =>
      send(request, options, (url, more) =>
        (secure ? https : http).request(url, { ...more, agent }),
      ),
    close: () => agent.destroy(),
  };
}

type Open = (url: URL, options: http.RequestOptions) => http.ClientRequest;

function send(
  call: HttpCall,
  { endpoint, connectMs, largestAnswerBytes }: HttpOptions,
  open: Open,
): Promise<HttpAnswer> {
  const body = call.body === undefined ? undefined : Buffer.from(call.body);
  const length = body && { "content-length": String(body.byteLength) };
  return new Promise((resolve, reject) => {
    const request = open(urlOf(endpoint, call.path), {
      method: call.method,
      headers: { ...call.headers, ...length },
    });
    let sent = false;
    watchConnection(request, endpoint.protocol === "https:", connectMs, () => (sent = true));
    limitCall(request, call.limitMs);
    const fail = (error: Error): void => {
      void connectionError(error, sent, endpoint).then(reject);
    };
    request.on("error", fail);
    request.on("response", (response) => {
      readBounded(response, largestAnswerBytes).then(({ text, cut }) => {
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location,
          text,
          cut,
        });
      }, fail);
    });
    request.end(body);
  });
}

/**
 * Nothing of a request is sent before its connection is established, so that moment separates not-sent from unknown. A kept-alive
 * connection is established already.
 */
function watchConnection(
  request: http.ClientRequest,
  secure: boolean,
  connectMs: number,
  connected: () => void,
): void {
  request.on("socket", (socket: Socket) => {
    if (request.reusedSocket) {
      connected();
      return;
    }
    const timer = setTimeout(() => request.destroy(new ConnectTimeout(connectMs)), connectMs);
    const stop = (): void => clearTimeout(timer);
    socket.once(secure ? "secureConnect" : "connect", () => {
      stop();
      connected();
    });
    request.once("close", stop);
  });
}

/** The largest delay of a timer. */
const longestTimerMs = 2 ** 31 - 1;

function limitCall(request: http.ClientRequest, ms: number): void {
  const timer = setTimeout(
    () => request.destroy(new AnswerTimeout(ms)),
    Math.min(ms, longestTimerMs),
  );
  request.once("close", () => clearTimeout(timer));
}

class AnswerTimeout extends Error {
  readonly code = "ANSWER_TIMEOUT";
  constructor(ms: number) {
    super(
      `no response within ${ms < 1000 ? `${String(Math.ceil(ms))} ms` : `${String(Math.round(ms / 1000))} s`}`,
    );
  }
}

class ConnectTimeout extends Error {
  readonly code = "CONNECT_TIMEOUT";
  constructor(ms: number) {
    super(`no connection within ${String(ms / 1000)} s`);
  }
}

/** Reads at most `bound` bytes; a larger response is abandoned together with its connection. */
async function readBounded(
  response: http.IncomingMessage,
  bound: number,
): Promise<{ text: string; cut: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk.subarray(0, bound - bytes));
    bytes += chunk.byteLength;
    if (bytes > bound) break; // leaving the loop destroys the response
  }
  return { text: Buffer.concat(chunks).toString("utf8"), cut: bytes > bound };
}

/** The endpoint's own path is kept as a prefix, for proxies. */
function urlOf(endpoint: URL, path: string): URL {
  const url = new URL(endpoint);
  url.pathname = `${endpoint.pathname.replace(/\/+$/, "")}${path}`;
  return url;
}
