import type { TaskNetwork, TaskRunner, TaskSettings } from "./task-runner.ts";

/** Details of the function we are connected to, for the banner and for messages. */
export interface ConnectionInfo {
  readonly region: string;
  readonly profile?: string;
  readonly account?: string;
  readonly function: string;
  /** Where requests are sent, if that is not AWS. */
  readonly endpoint?: { readonly host: string; readonly from: string };
}

/** Milliseconds after which a function has certainly ended: Lambda's longest timeout, and time for its answer to arrive. */
export const longestFunctionMs = 930_000;

/** A function's configuration in AWS, read without running it. */
export interface FunctionFacts {
  readonly state: string;
  readonly reason: string | undefined;
  /** `$LATEST`, or a number. */
  readonly version?: string | undefined;
  readonly memoryMb?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  /** Its network, if it is in a VPC. */
  readonly network?: TaskNetwork | undefined;
}

/** A request whose response arrives as a whole. */
export interface BufferedRequest {
  readonly payload: string;
  /** How long it is waited for, in milliseconds. */
  readonly limitMs: number;
}

/** A connection to one environment's function. Bytes arrive as the function writes them. */
export interface Connection {
  readonly reached: ConnectionInfo;
  /**
   * Invokes the function once. Throws a `Failure` for everything that goes wrong before the response is complete, with code
   * `outcome-unknown` when the function may be running nevertheless, also when the connection has been silent for too long; a
   * clean end of the bytes proves nothing. `buffered` is sent instead where the response cannot be streamed.
   */
  invoke(
    payload: string,
    signal: AbortSignal,
    buffered?: BufferedRequest,
  ): AsyncIterable<Uint8Array>;
  /** False once the service has refused to stream: no event then shows how far a function got that ended without a response. */
  streams(): boolean;
  /**
   * Reads the function's configuration in AWS. Throws a `Failure`, with code `access-denied` where reading it is not allowed, which
   * running it does not need.
   */
  describe(signal: AbortSignal): Promise<FunctionFacts>;
  /** The ECS tasks that can run migrations in the function's place. */
  tasks(settings: TaskSettings): Promise<TaskRunner>;
  /** Closes every connection; without it the process would not end. */
  close(): Promise<void>;
}

/** Shows a line while nothing else happens. */
export type Notice = (line: string) => void;
