import { Failure } from "../../../protocol/failure.ts";

/** Something with an end, such as credentials. */
interface Expiring {
  readonly expiration?: Date;
}

/** What was fetched last; `renewAt` is in epoch milliseconds. */
interface Held<T> {
  readonly value: T;
  readonly renewAt: number;
  /** Why it could not be renewed, if that was a refusal. */
  readonly refusal?: Failure | undefined;
}

const renewBeforeMs = 5 * 60_000;

/**
 * Fetches once for all callers, and again five minutes before that expires. If it cannot be renewed, it is used until it has expired, and
 * a refusal (kind `access`) is thrown from then on: nobody is asked a second time.
 */
export function renewedInTime<T extends Expiring>(
  fetch: () => Promise<T>,
  now: () => number,
): () => Promise<T> {
  let held: Held<T> | undefined;
  let renewing: Promise<Held<T>> | undefined;
  return async () => {
    if (held && now() < held.renewAt) return held.value;
    renewing ??= renewed(fetch, held, now).finally(() => {
      renewing = undefined;
    });
    held = await renewing;
    return held.value;
  };
}

async function renewed<T extends Expiring>(
  fetch: () => Promise<T>,
  held: Held<T> | undefined,
  now: () => number,
): Promise<Held<T>> {
  if (held?.refusal) throw held.refusal;
  try {
    const value = await fetch();
    return { value, renewAt: expiryOf(value) - renewBeforeMs };
  } catch (thrown) {
    if (!held || !(thrown instanceof Failure)) throw thrown;
    const refusal = thrown.kind === "access" ? thrown : undefined;
    const expiry = expiryOf(held.value);
    if (now() < expiry) return { ...held, renewAt: expiry, refusal };
    throw thrown;
  }
}

function expiryOf({ expiration }: Expiring): number {
  return expiration?.getTime() ?? Infinity;
}
