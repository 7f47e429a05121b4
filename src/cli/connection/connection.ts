/** Who answers, for the banner and for messages. */
export interface ConnectionInfo {
  readonly region: string;
  readonly profile?: string;
  readonly account?: string;
  readonly function: string;
}

/** A way to one environment's function. Bytes come as the function writes them. */
export interface Connection {
  readonly reached: ConnectionInfo;
  /**
   * Invokes the function once. Throws a `Failure` for everything that went wrong on the way, with code `outcome-unknown` when
   * the function may be running nevertheless; a clean end of the bytes proves nothing. `buffered` is sent instead where the answer
   * cannot be streamed.
   */
  invoke(payload: string, signal: AbortSignal, buffered?: string): AsyncIterable<Uint8Array>;
  /** Ends every connection; without it the process would not end. */
  close(): Promise<void>;
}

/** Lines a person reads while nothing else happens. */
export type Notice = (line: string) => void;
