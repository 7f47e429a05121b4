import type { IncomingHttpHeaders } from "node:http";
import { browserRequest, sameSecret } from "../request-guard.ts";
import { ServiceError } from "./service-error.ts";

/**
 * Accepts a request of a program that knows the access key; the signature is not checked.
 * @param accessKeyId undefined: any key, and none
 * @throws ServiceError AccessDeniedException for what a page in a browser could have sent, else UnrecognizedClientException
 */
export function authorize(headers: IncomingHttpHeaders, accessKeyId: string | undefined): void {
  const refused = browserRequest(headers);
  if (refused !== undefined) throw new ServiceError("AccessDeniedException", refused);
  if (accessKeyId === undefined || sameSecret(signedKey(headers.authorization), accessKeyId))
    return;
  throw new ServiceError(
    "UnrecognizedClientException",
    "The access key is not the one that the local Lambda service printed when it started.",
  );
}

/** The access key id in `AWS4-HMAC-SHA256 Credential=AKID/20261124/eu-west-1/lambda/aws4_request, …`. */
function signedKey(authorization = ""): string | undefined {
  return /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(authorization)?.[1];
}
