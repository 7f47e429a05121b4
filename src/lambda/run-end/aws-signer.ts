import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { Sha256 } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Signing {
  readonly url: URL;
  readonly region: string;
  readonly service: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Default: those of the SDK's default chain, in Lambda those of the function's role. */
  readonly credentials?: Credentials;
}

/** The headers of a POST with its signature (version 4). */
export async function sign({
  url,
  region,
  service,
  headers,
  body,
  credentials,
}: Signing): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service,
    region,
    credentials: credentials ?? fromNodeProviderChain(),
    sha256: Sha256,
  });
  const { headers: signed } = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    headers: { ...headers, host: url.host },
    body,
  });
  return signed;
}
