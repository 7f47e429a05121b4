/** What GitHub answered instead of doing what was asked. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{ readonly status?: number | undefined, readonly retryAfterMs?: number | undefined }} facts `retryAfterMs` if the
   *   same may succeed later; 0 where GitHub does not say when
   */
  constructor(message, { status, retryAfterMs }) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Sends one request, once. Throws an ApiError.
 * @typedef {(method: "GET" | "POST" | "PATCH", path: string, body?: object) => Promise<unknown>} CallApi
 */

const timeoutMs = 20_000;

/**
 * @param {{ readonly url: string, readonly token: string, readonly now: () => number }} api
 * @returns {CallApi}
 */
export function githubApi({ url, token, now }) {
  return async (method, path, body) => {
    const response = await fetch(`${url.replace(/\/+$/, "")}${path}`, {
      method,
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${token}`,
        "x-github-api-version": "2022-11-28",
        "user-agent": "hasura-migrate",
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((/** @type {unknown} */ thrown) => {
      throw new ApiError(`GitHub could not be reached: ${reasonOf(thrown)}`, { retryAfterMs: 0 });
    });
    const text = await response.text().catch((/** @type {unknown} */ thrown) => {
      throw new ApiError(`GitHub's answer ended early: ${reasonOf(thrown)}`, { retryAfterMs: 0 });
    });
    if (response.ok) return parse(text);
    throw refusal(response, text, now());
  };
}

/** @param {string} text @returns {unknown} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError("GitHub's answer is not JSON.", { retryAfterMs: 0 });
  }
}

/** @param {Response} response @param {string} text @param {number} now */
function refusal({ status, headers }, text, now) {
  const answer = messageIn(text);
  const retryAfterMs = waitOf(status, headers, { answer, now });
  return new ApiError(
    `GitHub answered with status ${status}${answer === "" ? "" : `: ${answer}`}`,
    { status, retryAfterMs },
  );
}

/** @param {string} text */
function messageIn(text) {
  try {
    return String(Object(JSON.parse(text)).message ?? "").slice(0, 300);
  } catch {
    return "";
  }
}

/**
 * How long to wait before the same request may succeed; undefined if it never will.
 * @param {number} status
 * @param {Headers} headers
 * @param {{ readonly answer: string, readonly now: number }} more
 */
function waitOf(status, headers, { answer, now }) {
  if (status >= 500) return secondsIn(headers.get("retry-after")) ?? 0;
  if (status !== 403 && status !== 429) return undefined;
  const after = secondsIn(headers.get("retry-after"));
  if (after !== undefined) return after;
  if (headers.get("x-ratelimit-remaining") === "0") {
    const reset = secondsIn(headers.get("x-ratelimit-reset"));
    return reset === undefined ? 60_000 : Math.max(0, reset - now);
  }
  // A secondary limit may come without any of these headers; then GitHub asks for a minute.
  return status === 429 || /rate limit/i.test(answer) ? 60_000 : undefined;
}

/** @param {string | null} text @returns {number | undefined} milliseconds */
function secondsIn(text) {
  return text !== null && /^\d+$/.test(text) ? Number(text) * 1000 : undefined;
}

/** @param {unknown} thrown */
function reasonOf(thrown) {
  const { message, cause } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return cause instanceof Error && cause.message !== "" ? cause.message : message;
}
