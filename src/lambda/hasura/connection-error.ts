import { HasuraCallError } from "../../engine/hasura/client.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import {
  inspectCertificate,
  untrustedAuthorityCodes,
  type SeenCertificate,
} from "../../tls/certificate.ts";

/**
 * A network error as a HasuraCallError. Its cause is a `Failure` where waiting does not help: an unknown host name, an untrusted
 * certificate. `sent`: a byte of the request may have been sent.
 */
export async function connectionError(
  error: Error,
  sent: boolean,
  endpoint: URL,
): Promise<HasuraCallError> {
  const code = errorCode(error) ?? "";
  const where = endpoint.host;
  if (sent)
    return new HasuraCallError("unknown", `the connection to ${where} was lost: ${error.message}`, {
      cause: error,
    });
  if (code === "ENOTFOUND") return notSent(unknownHost(endpoint, error));
  if (untrustedAuthorityCodes.has(code))
    return notSent(unknownAuthority(endpoint, await inspectCertificate(endpoint), error));
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code.startsWith("CERT_"))
    return notSent(badCertificate(endpoint, error));
  if (code === "EPROTO") return notSent(noTls(endpoint, error));
  return new HasuraCallError("not-sent", `${where} could not be reached: ${error.message}`, {
    cause: error,
  });
}

function notSent(failure: Failure): HasuraCallError {
  return new HasuraCallError("not-sent", failure.message, { cause: failure });
}

function unknownHost({ hostname }: URL, cause: Error): Failure {
  return new Failure(
    "unreachable",
    "unknown-host",
    `The host "${hostname}" cannot be resolved in the function's network.`,
    {
      hints: [
        textHint(
          "Check HASURA_MIGRATE_ENDPOINT, and that its name resolves inside the VPC (private zone, Cloud Map namespace).",
        ),
      ],
      cause,
    },
  );
}

/** The usual first-day problem with a private authority: names the certificate, and where to put the authority's. */
function unknownAuthority({ host }: URL, seen: SeenCertificate | undefined, cause: Error): Failure {
  const details = seen
    ? ` Its certificate "${seen.subject}" was issued by "${seen.issuer}" (SHA-256 fingerprint ${seen.fingerprint}).`
    : "";
  return new Failure(
    "unreachable",
    "tls-unknown-authority",
    `${host} presents a certificate signed by an unknown authority.${details}`,
    {
      hints: [
        textHint(
          `Put the certificate of ${seen ? `"${seen.issuer}"` : "its authority"} (PEM) into docker/certificates/ and rebuild the image.`,
        ),
        textHint("Or set the function's NODE_EXTRA_CA_CERTS to a PEM file."),
      ],
      cause,
    },
  );
}

function badCertificate({ host }: URL, cause: Error): Failure {
  return new Failure(
    "unreachable",
    "tls-certificate",
    `The certificate of ${host} is not valid for it: ${cause.message}`,
    {
      hints: [
        textHint(
          "Check the host name in HASURA_MIGRATE_ENDPOINT, and the certificate's names and dates.",
        ),
      ],
      cause,
    },
  );
}

function noTls({ host }: URL, cause: Error): Failure {
  return new Failure(
    "unreachable",
    "tls-failed",
    `A TLS connection to ${host} could not be established.`,
    {
      hints: [
        textHint(
          "Check HASURA_MIGRATE_ENDPOINT: does that port serve http:// rather than https://?",
        ),
      ],
      cause,
    },
  );
}
