interface Details {
  readonly status?: number;
  readonly requestId?: string;
  /** Why Lambda throttled. */
  readonly Reason?: string;
  readonly code?: string;
}

/** An error as the SDK throws it: what it is, is its name. */
export function awsError(name: string, message = "refused", details: Details = {}): Error {
  const { status, requestId, ...more } = details;
  const metadata = {
    ...(status !== undefined && { httpStatusCode: status }),
    ...(requestId !== undefined && { requestId }),
  };
  return Object.assign(new Error(message), { name, $metadata: metadata, ...more });
}

/** An error as Node throws it for a connection. */
export function systemError(code: string, message = `connect ${code}`): Error {
  return Object.assign(new Error(message), { code });
}
