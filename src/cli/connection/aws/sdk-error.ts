/*
 * Errors of the SDK and of Node, told apart by names and codes, not by class: one bundle may hold several copies of a class.
 * If AWS provides only a text, it is examined here and nowhere else.
 */

interface ErrorFields {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly Reason?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly requestId?: unknown };
}

function fields(thrown: unknown): ErrorFields {
  return typeof thrown === "object" && thrown !== null ? thrown : {};
}

/** The error's name; that of a service error is its code (`AccessDeniedException`). */
export function errorName(thrown: unknown): string {
  const { name } = fields(thrown);
  return typeof name === "string" ? name : "Error";
}

export function errorText(thrown: unknown): string {
  const { message } = fields(thrown);
  return typeof message === "string" ? message : String(thrown);
}

/** Node's code (`ECONNREFUSED`), also that of a cause. */
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
  "CERT_NOT_YET_VALID",
  "CERT_SIGNATURE_FAILURE",
  "CERT_REJECTED",
  "INVALID_CA",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);
/** OpenSSL's texts for the same, because credential providers keep only the text. */
const certificateText =
  /self[- ]signed certificate|unable to (get|verify) .*(issuer|first) cert|certificate has expired|certificate is not yet valid|does not match certificate's altnames/i;

/** True when the other side's certificate is not trusted. */
export function isCertificateError(thrown: unknown): boolean {
  return certificateCodes.has(errorCode(thrown) ?? "") || certificateText.test(errorText(thrown));
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
export function isConnectError(thrown: unknown): boolean {
  return (
    unsentCodes.has(errorCode(thrown) ?? "") ||
    /did not establish a connection|\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)\b/.test(
      errorText(thrown),
    )
  );
}

/** Why a profile provides no credentials. */
export type CredentialProblem =
  | "sso-login"
  | "sso-forbidden"
  | "sso-session-missing"
  | "login"
  | "role-cycle"
  | "credential-process"
  | "empty";

/** Credential providers have no error codes (docs/internals/aws-lambda.md, "Messages of the providers"). The first match wins. */
const credentialTexts: readonly (readonly [RegExp, CredentialProblem])[] = [
  [/aws sso login|SSO session|UnauthorizedException: Session token/i, "sso-login"],
  [/ForbiddenException/, "sso-forbidden"],
  [/sso_region/, "sso-session-missing"],
  [/\.aws\/login\/cache|aws login/, "login"],
  [/cycle attempting/, "role-cycle"],
  [/credential_process|^Command failed/i, "credential-process"],
  [/Could not resolve credentials using profile/, "empty"],
];

/** Why a credential provider failed; undefined for unknown errors and for STS errors, which have a name. */
export function credentialProblem(thrown: unknown): CredentialProblem | undefined {
  const text = errorText(thrown);
  return credentialTexts.find(([pattern]) => pattern.test(text))?.[1];
}

/** The SSO settings that a profile and its sso-session do have; undefined for any other problem. */
export function presentSsoSettings(thrown: unknown): readonly string[] | undefined {
  return /invalid SSO credentials\. Required parameters .* Got ([^\n]*)/
    .exec(errorText(thrown))?.[1]
    ?.split(", ");
}

/** Who was denied what on which resource, as far as an AccessDenied error contains it. */
export function deniedAccess(thrown: unknown): {
  readonly user: string | undefined;
  readonly action: string | undefined;
  readonly resource: string | undefined;
} {
  const text = errorText(thrown);
  return {
    user: /User: (\S+)/.exec(text)?.[1],
    action: /perform: (\S+)/.exec(text)?.[1],
    resource: /on resource: (\S+)/.exec(text)?.[1],
  };
}

/** True for a refused signature whose time was wrong, not its key. */
export function isClockError(thrown: unknown): boolean {
  return /expired|not yet current/i.test(errorText(thrown));
}

/** True for an InvalidParameterValueException that is about streaming. */
export function isAboutStreaming(thrown: unknown): boolean {
  return /stream/i.test(errorText(thrown));
}

/** True for a refusal of RunTask because its task definition does not exist or is inactive. */
export function isMissingTaskDefinition(thrown: unknown): boolean {
  const text = errorText(thrown);
  return /task ?definition/i.test(text) && /not found|unable to describe|inactive/i.test(text);
}
