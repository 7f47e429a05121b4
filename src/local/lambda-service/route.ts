import type { IncomingMessage } from "node:http";
import { type FunctionReference, parseFunctionName } from "./function-name.ts";
import { ServiceError } from "./service-error.ts";

/** The operation and the function of a request. */
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
 * Finds the operation and the function of a request. Signatures are not checked, but determine the region.
 * @param region for requests without a signature
 * @throws ServiceError for an unsupported path or an invalid name
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
    `The local Lambda service does not support ${request.method ?? ""} ${url.pathname}`,
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

/** The region in `Credential=AKID/20261124/eu-west-1/lambda/aws4_request` of a version 4 signature for a service. */
export function signedRegion(
  authorization = "",
  service: "lambda" | "tagging" = "lambda",
): string | undefined {
  const scope = /Credential=[^,\s]*\/\d{8}\/([\w-]+)\/(\w+)\/aws4_request/.exec(authorization);
  return scope?.[2] === service ? scope[1] : undefined;
}
