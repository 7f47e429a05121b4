import { HttpsProxyAgent } from "https-proxy-agent";
import { Failure } from "../../../protocol/failure.ts";
import type { FailureCode } from "../../../protocol/failure-codes/index.ts";
import { textHint, type Hint } from "../../../protocol/hint.ts";
import { inspectCertificate } from "../../../tls/certificate.ts";
import type { Environment } from "../../context.ts";
import { proxyFor } from "./proxies.ts";
import { certificateAdvice } from "./certificate-advice.ts";
import type { Delivery } from "./delivery.ts";
import { ProxyError } from "./http-handler.ts";
import {
  errorCode,
  errorName,
  errorText,
  isCertificateError,
  isConnectError,
} from "./sdk-error.ts";

/** The request that was on its way when the network failed. */
export interface Journey {
  /** The service, as it follows "Could not reach". */
  readonly service: string;
  /** What it is needed for: completes "Could not reach AWS for …". */
  readonly purpose?: string;
  /** Its address, where it is known. */
  readonly url: URL | undefined;
  /** The code of a failure to reach the service. */
  readonly unreachable: FailureCode;
  readonly env: Environment;
}

/**
 * A failure of the network before the request was sent: the proxy, the name, the connection or the certificate. Undefined if the
 * request may have been sent, or if something else is wrong. Nothing was sent in every case that is explained here.
 */
export async function networkFailure(
  thrown: unknown,
  delivery: Delivery | undefined,
  journey: Journey,
): Promise<Failure | undefined> {
  const error = delivery?.failure?.error ?? thrown;
  const asked = { ...journey, url: delivery?.failure?.url ?? journey.url };
  if (error instanceof ProxyError) return proxyFailure(error, asked);
  if (isCertificateError(error)) return certificateFailure(error, asked);
  if (!isUnsent(delivery, error) && !isConnectError(error)) return undefined;
  return notReached(error, asked, thrown);
}

function notReached(error: unknown, journey: Journey, cause: unknown): Failure {
  const { url, env, unreachable } = journey;
  const proxy = url && proxyFor(url, env);
  const through = proxy === undefined ? "" : ` through the proxy ${new URL(proxy.url).host}`;
  return new Failure(
    "unreachable",
    unreachable,
    `Could not reach ${placeOf(journey)}${through}: ${reasonOf(error)}; nothing was sent.`,
    {
      hints: [textHint(adviceFor(error)), ...(url && proxy ? [direct(url.hostname)] : [])],
      cause,
    },
  );
}

/** True if the network failed before anything could leave; a request that was aborted says nothing about the network. */
function isUnsent(delivery: Delivery | undefined, error: unknown): boolean {
  return delivery?.failure !== undefined && !delivery.sent && errorName(error) !== "AbortError";
}

function placeOf({ service, purpose, url }: Journey): string {
  const where = url === undefined ? service : `${service} at ${url.host}`;
  return purpose === undefined ? where : `${where} for ${purpose}`;
}

function reasonOf(error: unknown): string {
  const code = errorCode(error) ?? codeInText(error);
  switch (code) {
    case "ECONNREFUSED":
      return "it refuses connections";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `its name cannot be resolved (${code})`;
    case "ECONNRESET":
      return "the connection was closed before anything was sent (ECONNRESET)";
    case "ERR_TLS_HANDSHAKE_TIMEOUT":
      return "it accepts the connection, but does not respond to the TLS handshake";
    case "EPROTO":
      return "it does not speak TLS (EPROTO)";
    default:
      return code ?? (isConnectError(error) ? "it does not respond" : errorText(error));
  }
}

/** The SDK's credential providers keep an error's text and drop its code. */
function codeInText(error: unknown): string | undefined {
  return /\b(EAI_AGAIN|E[A-Z]{4,}(?:_[A-Z]+)*)\b/.exec(errorText(error))?.[1];
}

function adviceFor(error: unknown): string {
  const code = errorCode(error) ?? codeInText(error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return "Check the region's name, the network and HTTPS_PROXY.";
  return "Check the address, the network and HTTPS_PROXY.";
}

function proxyFailure(error: ProxyError, { service, url }: Journey): Failure {
  const { proxy, status, cause } = error;
  const host = url?.hostname ?? service;
  const more = cause === undefined ? {} : { cause };
  if (status === undefined)
    return new Failure(
      "unreachable",
      "proxy-refused",
      `The proxy ${proxy} cannot be used: ${reasonOf(cause)}; nothing was sent.`,
      { hints: [textHint("Check HTTPS_PROXY and the network."), direct(host)], ...more },
    );
  const [why, hint] =
    status === 407
      ? ([
          ": it requires a login",
          textHint(
            "Put the login into HTTPS_PROXY, percent-encoded: http://USER:PASSWORD@HOST:PORT",
          ),
        ] as const)
      : (["", textHint(`Ask for ${host} to be allowed by the proxy.`)] as const);
  return new Failure(
    "unreachable",
    "proxy-refused",
    `The proxy ${proxy} responded with ${status} to a connection to ${url?.host ?? service}${why}; nothing was sent.`,
    { hints: [hint, direct(host)] },
  );
}

function direct(host: string): Hint {
  return textHint(`If it can be reached without the proxy, add ${host} to NO_PROXY.`);
}

async function certificateFailure(
  error: unknown,
  { service, url, env }: Journey,
): Promise<Failure> {
  const proxy = url === undefined ? undefined : proxyFor(url, env);
  const seen =
    url?.protocol === "https:"
      ? await inspectCertificate(url, proxy && new HttpsProxyAgent(proxy.url))
      : undefined;
  const what =
    seen === undefined
      ? ""
      : ` It presents "${seen.subject}", issued by "${seen.issuer}", SHA-256 ${seen.fingerprint}.`;
  const code = errorCode(error) ?? errorText(error);
  return new Failure(
    "unreachable",
    "tls",
    `The certificate of ${url?.host ?? service} is not trusted (${code}).${what} Nothing was sent.`,
    {
      hints: [
        ...(await certificateAdvice(`${code} ${errorText(error)}`, {
          proxy,
          issuer: seen?.issuer,
          env,
        })),
        ...(proxy !== undefined && url !== undefined ? [direct(url.hostname)] : []),
      ],
      cause: error,
    },
  );
}
