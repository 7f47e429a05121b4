/**
 * An error response of Hasura (docs/internals/hasura-protocol.md, "Errors"). `internal` is left
 * out when the server hides internals.
 */
export class HasuraError extends Error {
  readonly status: number;
  readonly code: string;
  readonly path: string;
  readonly internal: unknown;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { path?: string; internal?: unknown; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = "HasuraError";
    this.status = status;
    this.code = code;
    this.path = more.path ?? "$";
    this.internal = more.internal;
  }

  /** The same error with another path in the request. */
  at(path: string): HasuraError {
    const { status, code, message, internal, cause } = this;
    return new HasuraError(status, code, message, { path, internal, cause });
  }
}

/** The response body, with its keys in the server's order. */
export function errorBody(error: HasuraError, hideInternals: boolean): object {
  const { message, path, code, internal } = error;
  return {
    error: message,
    path,
    code,
    ...(internal !== undefined && !hideInternals && { internal }),
  };
}

/** The error for a request that the server cannot parse. */
export const parseFailed = (message: string, path = "$"): HasuraError =>
  new HasuraError(400, "parse-failed", message, { path });
