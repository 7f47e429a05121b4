import pLimit from "p-limit";
import { Failure } from "../../../protocol/failure.ts";
import type { Identity } from "./choose-identity.ts";
import type { Credentials, Provider } from "./fetch-credentials.ts";

/**
 * The credentials of several connections: each identity is resolved once, whether that succeeds or fails, and a person is asked
 * one question at a time.
 */
export class SharedCredentials {
  readonly #providers = new Map<string, Provider>();
  readonly #one = pLimit(1);
  /** Aborted when nobody needs them any more: a `credential_process` then ends. */
  readonly ended = new AbortController();

  /** The provider of an identity; `create` makes it for the first connection that needs it. */
  provider(identity: Identity, create: () => Provider): Provider {
    const key = keyOf(identity);
    const existing = this.#providers.get(key);
    if (existing) return existing;
    const provider = failingOnce(create());
    this.#providers.set(key, provider);
    return provider;
  }

  /** Stops fetching any. */
  close(): void {
    this.ended.abort();
  }

  /** Runs an interactive prompt after all earlier prompts. */
  readonly inTurn = <T>(ask: () => Promise<T>): Promise<T> => this.#one(ask);
}

function keyOf(identity: Identity): string {
  return identity.kind === "profile" ? `profile ${identity.profile}` : identity.source;
}

/**
 * The first failure is kept for every later call, so that nobody is prompted again for what was just refused; after a success, only a
 * refusal is kept, because the network may come back during a long run.
 */
function failingOnce(provider: Provider): Provider {
  let first: Promise<Credentials> | undefined;
  let succeeded = false;
  let refusal: Failure | undefined;
  return async () => {
    if (refusal) throw refusal;
    if (!succeeded) {
      first ??= provider();
      const credentials = await first;
      succeeded = true;
      return credentials;
    }
    try {
      return await provider();
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.kind === "access") refusal = thrown;
      throw thrown;
    }
  };
}
