import type { FunctionLog } from "./function-log.ts";

/** One invocation, as a sandbox gets it. */
export interface Invocation {
  readonly requestId: string;
  readonly functionArn: string;
  readonly payload: Buffer;
  /** JSON text. */
  readonly clientContext?: string;
  readonly log: FunctionLog;
  /**
   * Sends a chunk of the response, and resolves when there is room for more. Never rejects: a caller that disconnects does
   * not stop a function (docs/internals/aws-lambda.md, "Limits and behaviour of the service").
   */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}
