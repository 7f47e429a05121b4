import { packageVersion } from "../../package-version.ts";
import { errorCode } from "../../system-error.ts";
import { listedBackoff, retry } from "../../retry.ts";
import { post } from "./post.ts";

/** A message did not arrive. `reason` never holds the address. */
export class NotSent extends Error {
  /** Whether another attempt may succeed. */
  readonly passes: boolean;

  constructor(reason: string, passes = false) {
    super(reason);
    this.name = "NotSent";
    this.passes = passes;
  }
}

export interface Attempts {
  readonly signal: AbortSignal;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

const retryAfterMs = 300;

/** Attempts twice, if the first failed for a reason that may pass. */
export function twice<T>(attempt: () => Promise<T>, { signal, sleep }: Attempts): Promise<T> {
  return retry(attempt, {
    backoff: listedBackoff([retryAfterMs]),
    shouldRetry: (error, attempts) =>
      attempts === 1 && !signal.aborted && error instanceof NotSent && error.passes,
    sleep,
    signal,
  });
}

/** Posts a text as Slack's incoming webhooks take it. Throws `NotSent`. */
export async function postToWebhook(
  address: string,
  text: string,
  attempts: Attempts,
): Promise<void> {
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "user-agent": `hasura-migrate/${packageVersion}`,
  };
  await twice(async () => {
    const { status } = await post({
      url: new URL(address),
      headers,
      body: JSON.stringify({ text }),
      signal: attempts.signal,
      mostBytes: 0,
    }).catch(asNotSent);
    if (status < 200 || status > 299) throw refused(status);
  }, attempts);
}

function refused(status: number): NotSent {
  if (status >= 300 && status < 400)
    return new NotSent(`it responded with ${String(status)}, a redirect, which is not followed`);
  return new NotSent(`it responded with ${String(status)}`, status === 429 || status >= 500);
}

/** An error of the connection by its code alone: messages hold the address. */
export function asNotSent(error: unknown): never {
  throw new NotSent(`the connection failed (${errorCode(error) ?? "no code"})`, true);
}
