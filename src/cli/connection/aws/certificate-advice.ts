import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { commandHint, textHint, type Hint } from "../../../protocol/hint.ts";
import { errorCode } from "../../../system-error.ts";
import type { Environment } from "../../context.ts";
import type { Proxy } from "./proxies.ts";

/** What is known about the connection besides the error. */
interface Circumstances {
  readonly env: Environment;
  readonly proxy: Proxy | undefined;
  /** Who signed the certificate, where it could be read. */
  readonly issuer: string | undefined;
}

/** What can be done about a certificate that is not trusted; `problem` is the code and the text of the error. */
export async function certificateAdvice(
  problem: string,
  { env, proxy, issuer }: Circumstances,
): Promise<Hint[]> {
  if (/EXPIRED|expired|NOT_YET_VALID/.test(problem))
    return [textHint("Compare this machine's clock with the certificate's dates.")];
  if (/ALTNAME|altnames/.test(problem))
    return [textHint("The certificate is for another name: check the address and HTTPS_PROXY.")];
  const file = env["NODE_EXTRA_CA_CERTS"];
  return [
    ...(proxy === undefined ? [] : [interception(proxy)]),
    ...(file ? await adviceAboutFile(file, issuer) : [setAuthority(proxy)]),
  ];
}

function interception({ url, from }: Proxy): Hint {
  return textHint(
    `The connection goes through the proxy ${new URL(url).host} (${from}), which most likely presents this certificate in place of the service's own.`,
  );
}

function setAuthority(proxy: Proxy | undefined): Hint {
  const whose =
    proxy === undefined
      ? "If it is your company's certificate authority, set NODE_EXTRA_CA_CERTS to the path of its certificate (PEM)"
      : "Set NODE_EXTRA_CA_CERTS to the path of the proxy's CA certificate (PEM)";
  return textHint(`${whose}, then run again.`);
}

/** Why the certificates in NODE_EXTRA_CA_CERTS do not help. */
async function adviceAboutFile(file: string, issuer: string | undefined): Promise<Hint[]> {
  const set = `NODE_EXTRA_CA_CERTS is set to ${JSON.stringify(file)}`;
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (thrown) {
    const code = errorCode(thrown) ?? "unknown error";
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    return [textHint(`${set}, which ${why}. Set it to the path of the CA certificate (PEM).`)];
  }
  const pem = bytes
    .toString("latin1")
    .match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
  if (pem === null) return noCertificate(set, file, bytes);
  const subjects = pem.map((text) => subjectOf(text));
  if (subjects.includes(undefined))
    return [textHint(`${set}, which contains a damaged certificate.`)];
  if (issuer !== undefined && subjects.includes(issuer))
    return [
      textHint(
        `${set}. Its certificate "${issuer}" has the right name, but is not the one that is needed.`,
      ),
    ];
  const listed =
    subjects.length > 3
      ? `${subjects.length} certificates`
      : subjects.map((subject) => `"${subject}"`).join(" and ");
  const missing = issuer === undefined ? "the CA of this one" : `"${issuer}"`;
  return [
    textHint(`${set}, which contains ${listed}, but not ${missing}: add its certificate (PEM).`),
  ];
}

function noCertificate(set: string, file: string, bytes: Buffer): Hint[] {
  if (subjectOf(bytes) === undefined)
    return [textHint(`${set}, which contains no PEM certificate.`)];
  const convert = [
    "openssl",
    "x509",
    "-inform",
    "der",
    "-in",
    file,
    "-out",
    `${file}.pem`,
  ] as const;
  return [
    textHint(`${set}, which is in DER format: Node reads only PEM.`),
    commandHint(convert, "to convert it"),
  ];
}

/** A certificate's subject as shown in messages; undefined if the text is not a certificate. */
function subjectOf(certificate: string | Buffer): string | undefined {
  try {
    const { subject } = new X509Certificate(certificate);
    const part = (name: string): string[] =>
      new RegExp(`^${name}=(.*)$`, "m").exec(subject)?.slice(1) ?? [];
    return [...part("CN"), ...part("O")].join(", ") || "(no name)";
  } catch {
    return undefined;
  }
}
