import type { FunctionLog } from "./function-log.ts";

/** One invocation on its way through the function. */
export interface Invocation {
  readonly requestId: string;
  readonly functionArn: string;
  readonly payload: Buffer;
  /** JSON text. */
  readonly clientContext?: string;
  readonly log: FunctionLog;
  /**
   * Takes a piece of the answer, and resolves when there is room for more. Never rejects: that the caller has gone away
   * does not stop a function (docs/internals/aws-lambda.md, "Limits and behaviour of the service").
   */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}
