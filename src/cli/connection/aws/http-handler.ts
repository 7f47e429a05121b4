import { Agent as HttpAgent, type ClientRequest } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { HttpsProxyAgent } from "https-proxy-agent";
import type { CliContext } from "../../context.ts";
import { proxyFor } from "./proxies.ts";
import { Delivery } from "./delivery.ts";

type Request = Parameters<NodeHttpHandler["handle"]>[0];
type Options = Parameters<NodeHttpHandler["handle"]>[1];
type Response = Awaited<ReturnType<NodeHttpHandler["handle"]>>;

const connectionTimeout = 5000;
/** The TLS handshake follows the connection; the SDK does not limit it. */
const handshakeMs = 10_000;
/** NAT gateways and load balancers drop connections after 350 s without traffic; the first probe comes long before that. */
const keptAlive = { keepAlive: true, keepAliveMsecs: 30_000 } as const;

type HandlerContext = Pick<CliContext, "env" | "every">;

/**
 * How requests leave this machine: through the proxy that HTTPS_PROXY and NO_PROXY name for each address (the SDK ignores them),
 * and recorded in the current `Delivery`. `socketTimeout` is in milliseconds; 0 waits forever, because a function may be silent
 * for long and giving up would leave its outcome unknown.
 */
export class RequestHandler {
  readonly metadata = { handlerProtocol: "http/1.1" };
  readonly #context: HandlerContext;
  readonly #socketTimeout: number;
  /** One for each proxy; `""` for direct connections. */
  readonly #handlers = new Map<string, NodeHttpHandler>();

  constructor(context: HandlerContext, socketTimeout = 0) {
    this.#context = context;
    this.#socketTimeout = socketTimeout;
  }

  async handle(request: Request, options?: Options): Promise<Response> {
    const url = addressOf(request);
    const delivery = Delivery.current();
    if (delivery) delivery.asking = url;
    try {
      const response = await this.#handlerFor(url).handle(request, options);
      if (delivery) Object.assign(delivery, { sent: true, asking: undefined });
      return response;
    } catch (error) {
      if (delivery) delivery.failure = { error, url };
      throw error;
    }
  }

  destroy(): void {
    for (const handler of this.#handlers.values()) handler.destroy();
  }

  /** Part of the SDK's interface; nothing is configured later. */
  updateHttpClientConfig(): void {
    return;
  }

  httpHandlerConfigs(): object {
    return { connectionTimeout, socketTimeout: this.#socketTimeout };
  }

  #handlerFor(url: URL): NodeHttpHandler {
    const { env, every } = this.#context;
    const proxy = proxyFor(url, env)?.url ?? "";
    const known = this.#handlers.get(proxy);
    if (known) return known;
    const agents =
      proxy === ""
        ? { httpAgent: new DirectHttp(keptAlive), httpsAgent: new DirectHttps(every) }
        : { httpAgent: new ThroughProxy(proxy, every), httpsAgent: new ThroughProxy(proxy, every) };
    const handler = new NodeHttpHandler({
      connectionTimeout,
      socketTimeout: this.#socketTimeout,
      ...agents,
    });
    this.#handlers.set(proxy, handler);
    return handler;
  }
}

function addressOf({ protocol, hostname, port }: Request): URL {
  return new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`);
}

type Every = CliContext["every"];
type CreateConnection = Parameters<HttpAgent["createConnection"]>;

class DirectHttp extends HttpAgent {
  override createConnection(...args: CreateConnection): Duplex {
    return watched(super.createConnection(...args));
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    markSent(Delivery.current());
    super.reuseSocket(socket, request);
  }
}

class DirectHttps extends HttpsAgent {
  readonly #every: Every;

  constructor(every: Every) {
    super(keptAlive);
    this.#every = every;
  }

  override createConnection(...args: CreateConnection): Duplex {
    return withHandshakeLimit(watched(super.createConnection(...args)), this.#every);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    markSent(Delivery.current());
    super.reuseSocket(socket, request);
  }
}

/** A proxy that could not be used: it refused the connection to the service, or could not be reached itself. */
export class ProxyError extends Error {
  /** Host and port, without a login. */
  readonly proxy: string;
  /** The HTTP status that the proxy answered with, if it did. */
  readonly status: number | undefined;

  constructor(proxy: string, status: number | undefined, cause?: unknown) {
    super(
      `The proxy ${proxy} ${status === undefined ? "cannot be used" : `responded with ${status}`}`,
      {
        cause,
      },
    );
    this.name = "ProxyError";
    this.proxy = proxy;
    this.status = status;
  }
}

/** Without this the proxy's refusal would be replayed as if the service had sent it. */
class ThroughProxy extends HttpsProxyAgent<string> {
  readonly #every: Every;

  constructor(proxy: string, every: Every) {
    super(proxy, keptAlive);
    this.#every = every;
  }

  override async connect(
    ...[request, options]: Parameters<HttpsProxyAgent<string>["connect"]>
  ): Promise<Socket> {
    let status: number | undefined;
    request.once("proxyConnect", ({ statusCode }: { readonly statusCode: number }) => {
      status = statusCode;
    });
    let socket: Socket;
    try {
      socket = await super.connect(request, options);
    } catch (error) {
      throw new ProxyError(this.proxy.host, undefined, error);
    }
    if (status !== 200) {
      socket.destroy();
      throw new ProxyError(this.proxy.host, status);
    }
    return withHandshakeLimit(watched(socket), this.#every);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    markSent(Delivery.current());
    super.reuseSocket(socket, request);
  }
}

/** Records in the current delivery when the first bytes of a request can leave through a new socket. */
function watched<T extends Duplex>(socket: T): T {
  const delivery = Delivery.current();
  if (socket instanceof TLSSocket) socket.once("secureConnect", () => markSent(delivery));
  else if (socket instanceof Socket && socket.connecting)
    socket.once("connect", () => markSent(delivery));
  else markSent(delivery);
  return socket;
}

/** The connection was established, but the TLS handshake was not answered. */
class HandshakeTimeout extends Error {
  readonly code = "ERR_TLS_HANDSHAKE_TIMEOUT";

  constructor() {
    super(`No response to the TLS handshake within ${handshakeMs / 1000} s`);
    this.name = "HandshakeTimeout";
  }
}

/** Limits the handshake from the moment the socket is connected; through a proxy it already is. */
function withHandshakeLimit<T extends Duplex>(socket: T, every: Every): T {
  if (!(socket instanceof TLSSocket)) return socket;
  const limit = (): void => {
    const stop = every(handshakeMs, () => socket.destroy(new HandshakeTimeout()));
    socket.once("secureConnect", stop);
    socket.once("close", stop);
  };
  if (socket.connecting) socket.once("connect", limit);
  else limit();
  return socket;
}

function markSent(delivery: Delivery | undefined): void {
  if (delivery) delivery.sent = true;
}
