import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import type { Environment } from "../../context.ts";
import { isLoginEncoded, redactAddress } from "../../options/redact-address.ts";

/** A proxy, and the variable that names it. */
export interface Proxy {
  readonly url: string;
  readonly from: string;
}

/**
 * The proxy for an address, by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; undefined for a direct connection. A proxy
 * without a scheme is an HTTP proxy, as for curl. Throws `usage/proxy-invalid`, which names the variable.
 */
export function proxyFor(url: URL, env: Environment): Proxy | undefined {
  const from = variablesFor(url).find((name) => env[name]);
  const typed = from === undefined ? undefined : env[from];
  if (from === undefined || typed === undefined || isExcepted(url, env)) return undefined;
  const proxy = typed.includes("://") ? typed : `http://${typed}`;
  const parsed = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol) && isLoginEncoded(parsed))
    return { url: proxy, from };
  throw proxyInvalid(from, proxy, url);
}

/** Variables that can name the proxy for an address, in order of precedence. */
function variablesFor({ protocol }: URL): readonly string[] {
  return protocol === "https:"
    ? ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    : ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
}

/**
 * True if NO_PROXY names the host: `example.com`, `.example.com` or `*.example.com` for those below, each with a port or without.
 */
function isExcepted({ hostname, port, protocol }: URL, env: Environment): boolean {
  const excepted = (env["no_proxy"] || env["NO_PROXY"] || "").toLowerCase();
  const asked = port || (protocol === "https:" ? "443" : "80");
  return excepted
    .split(/[,\s]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      const [, name = entry, only] = /^(.+):(\d+)$/.exec(entry) ?? [];
      if (only !== undefined && only !== asked) return false;
      const suffix = name.replace(/^\*/, "");
      return /^[.*]/.test(name) ? hostname.endsWith(suffix) : hostname === name;
    });
}

function proxyInvalid(from: string, proxy: string, url: URL): Failure {
  const scheme = URL.canParse(proxy) ? new URL(proxy).protocol : "http:";
  const problem = /^https?:$/.test(scheme)
    ? "it is not a proxy address"
    : `a ${scheme.slice(0, -1)} proxy is not supported`;
  const address = redactAddress(proxy);
  const what = address === "URL" ? "" : ` (${address})`;
  return new Failure("usage", "proxy-invalid", `${from} cannot be used: ${problem}${what}.`, {
    hints: [
      textHint(
        `Set ${from} to an address such as http://proxy.example.com:3128; a login in it must be percent-encoded.`,
      ),
      textHint(`To connect directly, add ${url.hostname} to NO_PROXY.`),
    ],
  });
}
