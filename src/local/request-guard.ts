import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A host that can only be this machine, with or without a port: a page's own name may also resolve to 127.0.0.1. */
const loopback = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d{1,5})?$/i;

/**
 * Why a request is refused that a page in a browser could have sent; undefined for one of a program. Any port is accepted: a
 * tunnel or a proxy on this machine has its own, and a browser always names the real one.
 */
export function browserRequest(headers: IncomingHttpHeaders): string | undefined {
  const { host = "", origin, "sec-fetch-site": site = "none" } = headers;
  if (!loopback.test(host)) return "The Host header does not name this machine";
  if (origin !== undefined) return "Requests from web pages are refused";
  return site === "none" ? undefined : "Requests from web pages are refused";
}

/** Compares secrets in the same time whatever they are. */
export function sameSecret(given: string | undefined, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(expected));
}
