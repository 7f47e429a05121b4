import type { Agent } from "node:http";
import { request } from "node:https";
import { isIP } from "node:net";
import { TLSSocket, type PeerCertificate } from "node:tls";

/** What identifies a server's certificate to a person. */
export interface SeenCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256, as pairs of hexadecimal digits. */
  readonly fingerprint: string;
}

const handshakeMs = 3000;

/**
 * Reads the certificate that a server presents, trusted or not: only a handshake, nothing is sent. Node does not provide the
 * certificate with the error that it is not trusted. `agent` makes the connection, by default a direct one: what is presented
 * through a proxy may be another certificate. Undefined if there is none.
 */
export function inspectCertificate(
  { hostname, port }: URL,
  agent?: Agent,
): Promise<SeenCertificate | undefined> {
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const handshake = request({
      host,
      port: port === "" ? 443 : Number(port),
      ...(isIP(host) === 0 && { servername: host }),
      agent: agent ?? false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(handshakeMs),
    });
    const finish = (seen?: SeenCertificate): void => {
      handshake.destroy();
      resolve(seen);
    };
    handshake.once("socket", (socket) => {
      if (!(socket instanceof TLSSocket)) finish();
      else socket.once("secureConnect", () => finish(describe(socket.getPeerCertificate())));
    });
    // Also after the end, because an aborted request reports that.
    handshake.on("error", () => finish());
    handshake.once("close", () => finish());
  });
}

/** Node returns an object without fields where the server presented no certificate. */
function describe(certificate: Partial<PeerCertificate>): SeenCertificate | undefined {
  const { subject, issuer, fingerprint256 } = certificate;
  if (subject === undefined || issuer === undefined || fingerprint256 === undefined)
    return undefined;
  return { subject: nameOf(subject), issuer: nameOf(issuer), fingerprint: fingerprint256 };
}

function nameOf({ CN, O }: PeerCertificate["subject"]): string {
  return (
    [CN, O]
      .flat()
      .filter((part) => part)
      .join(", ") || "(no name)"
  );
}

/** Codes of Node's errors for a certificate whose authority is not trusted. */
export const untrustedAuthorityCodes: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
]);
