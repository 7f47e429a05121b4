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
}

/** What came back, whoever sent it. `cut`: it was longer than the bound, and the rest was left unread. */
export interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
  readonly cut: boolean;
}

export interface HttpCaller {
  /** Sends once, never again. Throws HasuraCallError: not-sent while no byte of the request has left, unknown after that. */
  call(request: HttpCall): Promise<HttpAnswer>;
  /** Ends all connections, also busy ones. */
  close(): void;
}

export interface HttpOptions {
  readonly endpoint: URL;
  /** For name, TCP and TLS together. An answer has no time-out: a migration may take as long as it takes. */
  readonly connectMs: number;
  readonly largestAnswerBytes: number;
}

/** Between Hasura's own idle time-out (30 s) and pauses of a run; a connection idle for longer is opened anew. */
const idleMs = 15_000;
/** NAT gateways and load balancers drop a connection that is silent for 350 s; the system's own default is two hours. */
const probeMs = 30_000;

/** One keep-alive agent for one run: a connection never outlives the invocation, since a frozen function cannot see it die. */
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

/** A byte of the request can leave only after the connection stands, so that moment divides not-sent from unknown. */
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

class ConnectTimeout extends Error {
  readonly code = "CONNECT_TIMEOUT";
  constructor(ms: number) {
    super(`no connection within ${String(ms / 1000)} s`);
  }
}

/** Keeps at most the bound; what is longer is given up together with its connection. */
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

/** A path below the endpoint's: a prefix that a proxy needs is kept. */
function urlOf(endpoint: URL, path: string): URL {
  const url = new URL(endpoint);
  url.pathname = `${endpoint.pathname.replace(/\/+$/, "")}${path}`;
  return url;
}
