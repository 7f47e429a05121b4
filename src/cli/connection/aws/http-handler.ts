import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";

interface AgentOptions {
  readonly keepAlive: true;
  readonly keepAliveMsecs: number;
}

/** What the SDK's request handler is made of; plain agent options need no agent of ours. */
export interface HandlerOptions {
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
  readonly httpAgent: AgentOptions | HttpsProxyAgent<string>;
  readonly httpsAgent: AgentOptions | HttpsProxyAgent<string>;
}

/** NAT gateways and load balancers drop a connection that was idle for 350 s: the first probe comes long before. */
const keptAlive: AgentOptions = { keepAlive: true, keepAliveMsecs: 30_000 };

/**
 * How requests to `url` leave this machine. HTTPS_PROXY and NO_PROXY count, which the SDK ignores. `socketTimeout` 0: a
 * function may be silent for long, and giving up would leave its outcome unknown.
 */
export function handlerFor(url: string, socketTimeout = 0): HandlerOptions {
  const proxy = getProxyForUrl(url);
  const agent = proxy === "" ? keptAlive : new HttpsProxyAgent(proxy, keptAlive);
  return { connectionTimeout: 5000, socketTimeout, httpAgent: agent, httpsAgent: agent };
}
