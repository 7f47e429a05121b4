import { isIP } from "node:net";
import { connect } from "node:tls";

export interface SeenCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly fingerprint: string;
}

/** Looks at the certificate a host shows, to name it. Nothing is sent over that connection. Undefined when it cannot be seen. */
export function describeCertificate(url: URL): Promise<SeenCertificate | undefined> {
  return new Promise((resolve) => {
    const port = Number(url.port || 443);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const name = isIP(host) ? {} : { servername: host };
    const socket = connect(
      { host, port, ...name, rejectUnauthorized: false, timeout: 3000 },
      () => {
        const seen = socket.getPeerCertificate();
        socket.destroy();
        resolve(
          Object.keys(seen).length === 0
            ? undefined
            : {
                subject: named(seen.subject),
                issuer: named(seen.issuer),
                fingerprint: seen.fingerprint256,
              },
        );
      },
    );
    const give = (): void => {
      socket.destroy();
      resolve(undefined);
    };
    socket.once("error", give).once("timeout", give);
  });
}

function named(name: { CN?: string | string[]; O?: string | string[] }): string {
  const text = name.CN ?? name.O ?? "somebody without a name";
  return `"${Array.isArray(text) ? text.join(", ") : text}"`;
}
