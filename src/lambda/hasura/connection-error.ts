import * as z from "zod";
import { HasuraCallError } from "../../engine/hasura/client.ts";
import { Failure } from "../../protocol/failure.ts";
import { certificateOf, type SeenCertificate } from "./certificate.ts";

const Coded = z.object({ code: z.string() });
const authorityCodes = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
]);

/**
 * An error of the network as a HasuraCallError. Its cause is a `Failure` where waiting cannot help: a name that does not
 * exist, a certificate that is not trusted.
 */
export async function connectionError(
  error: Error,
  sent: boolean,
  endpoint: URL,
): Promise<HasuraCallError> {
  const code = Coded.safeParse(error).data?.code ?? "";
  const where = endpoint.host;
  if (sent)
    return new HasuraCallError("unknown", `the connection to ${where} broke: ${error.message}`, {
      cause: error,
    });
  if (code === "ENOTFOUND") return notSent(unknownHost(endpoint, error));
  if (authorityCodes.has(code))
    return notSent(unknownAuthority(endpoint, await certificateOf(endpoint), error));
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
    `The function's network knows no host "${hostname}".`,
    {
      hints: [
        "check HASURA_MIGRATE_ENDPOINT, and that its name resolves inside the VPC (private zone, Cloud Map namespace)",
      ],
      cause,
    },
  );
}

/** The first day behind a private authority: says whose certificate it is and where to put the authority's. */
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
        `put the certificate of ${seen ? `"${seen.issuer}"` : "its authority"} as a PEM file into docker/certificates/ and build the image again`,
        "or name a PEM file in the function's NODE_EXTRA_CA_CERTS",
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
        "check the host name in HASURA_MIGRATE_ENDPOINT, and the certificate's names and dates",
      ],
      cause,
    },
  );
}

function noTls({ host }: URL, cause: Error): Failure {
  return new Failure("unreachable", "tls-failed", `No TLS connection with ${host} could be made.`, {
    hints: ["check HASURA_MIGRATE_ENDPOINT: does that port speak http:// rather than https://?"],
    cause,
  });
}
