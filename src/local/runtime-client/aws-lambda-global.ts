import type { Writable } from "node:stream";
import { streaming } from "./load-handler.ts";

/** The value of `globalThis.awslambda`, which a Node runtime on Lambda sets before it loads the handler. */
export const awsLambdaGlobal = {
  /** Marks a handler as streaming: `(event, responseStream, context)`. */
  streamifyResponse<T extends object>(handler: T): T {
    return Object.assign(handler, { [streaming]: "response" });
  },
  HttpResponseStream: {
    /** Writes the prelude of an HTTP integration: JSON, then eight zero bytes. */
    from(stream: Writable & { setContentType(type: string): void }, prelude: unknown): Writable {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      stream.write(JSON.stringify(prelude));
      stream.write(new Uint8Array(8));
      return stream;
    },
  },
};
