import { isIP } from "node:net";
import { connect, type PeerCertificate } from "node:tls";

/** What a person needs to find a certificate's authority. */
export interface SeenCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256, in pairs of hexadecimal digits. */
  readonly fingerprint: string;
}

const handshakeMs = 3000;

/**
 * Looks at the certificate that a server presents, trusted or not: a handshake, after which nothing is sent. Node no longer
 * has the certificate when it reports that it does not trust it. Undefined when there is none to be seen.
 */
export function certificateOf({ hostname, port }: URL): Promise<SeenCertificate | undefined> {
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: port === "" ? 443 : Number(port),
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: false,
      timeout: handshakeMs,
    });
    const end = (seen?: SeenCertificate): void => {
      socket.destroy();
      resolve(seen);
    };
    socket.once("secureConnect", () => end(described(socket.getPeerCertificate())));
    socket.once("error", () => end());
    socket.once("timeout", () => end());
    socket.once("close", () => end());
  });
}

function described({ subject, issuer, fingerprint256 }: PeerCertificate): SeenCertificate {
  return { subject: nameOf(subject), issuer: nameOf(issuer), fingerprint: fingerprint256 };
}

function nameOf(name: PeerCertificate["subject"]): string {
  return [name.CN, name.O].filter((part) => part).join(", ") || "(no name)";
}
