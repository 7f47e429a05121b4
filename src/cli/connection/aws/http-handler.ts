import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";

interface AgentOptions {
  readonly keepAlive: true;
  readonly keepAliveMsecs: number;
}

/** Options of the SDK's request handler; with plain agent options it creates the agents itself. */
export interface HandlerOptions {
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
  readonly httpAgent: AgentOptions | HttpsProxyAgent<string>;
  readonly httpsAgent: AgentOptions | HttpsProxyAgent<string>;
}

/** NAT gateways and load balancers drop connections after 350 s without traffic; the first probe comes long before that. */
const keptAlive: AgentOptions = { keepAlive: true, keepAliveMsecs: 30_000 };

/**
 * How requests to `url` leave this machine. Honours HTTPS_PROXY and NO_PROXY, which the SDK ignores. `socketTimeout` is in
 * milliseconds; 0 waits forever, because a function may be silent for long and giving up would leave its outcome unknown.
 */
export function handlerFor(url: string, socketTimeout = 0): HandlerOptions {
  const proxy = getProxyForUrl(url);
  const agent = proxy === "" ? keptAlive : new HttpsProxyAgent(proxy, keptAlive);
  return { connectionTimeout: 5000, socketTimeout, httpAgent: agent, httpsAgent: agent };
}
