/* Errors of the SDK and of Node, read by data: several copies of the same class may meet in one bundle. */

interface Fields {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly Reason?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly requestId?: unknown };
}

function fields(thrown: unknown): Fields {
  return typeof thrown === "object" && thrown !== null ? thrown : {};
}

export function errorName(thrown: unknown): string {
  const { name } = fields(thrown);
  return typeof name === "string" ? name : "Error";
}

export function errorText(thrown: unknown): string {
  const { message } = fields(thrown);
  return typeof message === "string" ? message : String(thrown);
}

/** Node's code (`ECONNREFUSED`), also when it stands on a cause. */
export function errorCode(thrown: unknown): string | undefined {
  const { code } = fields(thrown);
  if (typeof code === "string") return code;
  const inner: unknown =
    thrown instanceof AggregateError
      ? thrown.errors[0]
      : thrown instanceof Error
        ? thrown.cause
        : undefined;
  return inner === undefined ? undefined : errorCode(inner);
}

export function httpStatusOf(thrown: unknown): number | undefined {
  const status = fields(thrown).$metadata?.httpStatusCode;
  return typeof status === "number" ? status : undefined;
}

export function requestIdOf(thrown: unknown): string | undefined {
  const id = fields(thrown).$metadata?.requestId;
  return typeof id === "string" ? id : undefined;
}

/** Why Lambda throttled, such as `ReservedFunctionConcurrentInvocationLimitExceeded`. */
export function reasonOf(thrown: unknown): string | undefined {
  const { Reason } = fields(thrown);
  return typeof Reason === "string" ? Reason : undefined;
}

const certificateCodes = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_UNTRUSTED",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

export function certificateProblem(thrown: unknown): boolean {
  return certificateCodes.has(errorCode(thrown) ?? "");
}

const unsentCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
]);

/** True when the connection was never made, so that nothing can have been sent over it. */
export function networkCause(thrown: unknown): boolean {
  return (
    unsentCodes.has(errorCode(thrown) ?? "") ||
    /did not establish a connection/.test(errorText(thrown))
  );
}
