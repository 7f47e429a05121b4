import { AsyncLocalStorage } from "node:async_hooks";

/** How far one request got: what is known about it beyond the error that the SDK throws. */
export class Delivery {
  /** True once bytes of the request can have left this machine: connected and, with TLS, after the handshake. */
  sent = false;
  /** The address of a request that has not been answered yet. */
  asking: URL | undefined;
  /** The original network error and the address requested. Credential providers keep only its text. */
  failure: { readonly error: unknown; readonly url: URL } | undefined;

  /** Runs one call of the SDK; the handler records here how far its requests got. */
  observe<T>(call: () => Promise<T>): Promise<T> {
    return observed.run(this, call);
  }

  /** The delivery that the current code runs for. */
  static current(): Delivery | undefined {
    return observed.getStore();
  }
}

// The SDK passes a request to its handler without anything that identifies its call.
const observed = new AsyncLocalStorage<Delivery>();
