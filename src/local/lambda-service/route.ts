import type { IncomingMessage } from "node:http";
import { type FunctionReference, parseFunctionName } from "./function-name.ts";
import { ServiceError } from "./service-error.ts";

export interface Route {
  readonly operation:
    "Invoke" | "InvokeWithResponseStream" | "GetFunction" | "GetFunctionConfiguration";
  readonly function: FunctionReference;
}

const paths = [
  ["POST", /^\/2015-03-31\/functions\/([^/]+)\/invocations\/?$/, "Invoke"],
  [
    "POST",
    /^\/2021-11-15\/functions\/([^/]+)\/response-streaming-invocations\/?$/,
    "InvokeWithResponseStream",
  ],
  ["GET", /^\/2015-03-31\/functions\/([^/]+)\/?$/, "GetFunction"],
  ["GET", /^\/2015-03-31\/functions\/([^/]+)\/configuration\/?$/, "GetFunctionConfiguration"],
] as const;

/**
 * Which operation on which function a request asks for. Signatures are not checked; the region is the one it was signed for.
 * @throws ServiceError for a path that is none of the four operations, or a name that is none
 */
export function routeOf(
  request: Pick<IncomingMessage, "method" | "url" | "headers">,
  region: string,
): Route {
  const url = new URL(request.url ?? "/", "http://localhost");
  for (const [method, pattern, operation] of paths) {
    const found = pattern.exec(url.pathname);
    if (request.method !== method || found?.[1] === undefined) continue;
    const qualifier = url.searchParams.get("Qualifier") ?? undefined;
    return {
      operation,
      function: parseFunctionName(
        decoded(found[1]),
        qualifier,
        signedRegion(request.headers.authorization) ?? region,
      ),
    };
  }
  throw new ServiceError(
    "UnknownOperationException",
    `The local Lambda service does not know ${request.method ?? ""} ${url.pathname}`,
  );
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ServiceError(
      "InvalidParameterValueException",
      `'${segment}' is not a function's name or ARN`,
    );
  }
}

/** `Credential=AKID/20261124/eu-west-1/lambda/aws4_request` of a version 4 signature. */
function signedRegion(authorization: string | undefined): string | undefined {
  return /Credential=[^,\s]*\/\d{8}\/([\w-]+)\/lambda\/aws4_request/.exec(authorization ?? "")?.[1];
}
