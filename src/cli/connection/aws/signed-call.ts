import { HttpRequest } from "@smithy/core/transport";
import { Hash } from "@smithy/core/serde";
import { SignatureV4 } from "@smithy/signature-v4";
import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import type { Provider } from "./fetch-credentials.ts";
import type { RequestHandler } from "./http-handler.ts";

/** How a service is called. */
export interface CalledService {
  readonly name: "ecs" | "logs" | "tagging";
  readonly url: string;
  readonly region: string;
  readonly provider: Provider;
  readonly handler: RequestHandler;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const ErrorBody = z.object({
  __type: z.string().optional(),
  message: z.string().optional(),
  Message: z.string().optional(),
});

class Sha256 extends Hash {
  constructor(secret?: ConstructorParameters<typeof Hash>[1]) {
    super("sha256", secret);
  }
}

/** An answer of a service that is an error, named as the SDK names it; without a name of its own, by its status: `HTTP 502`. */
export class CallRefused extends Error {
  readonly $metadata: {
    readonly httpStatusCode: number;
    readonly requestId: string | undefined;
  };

  constructor(name: string, message: string, metadata: CallRefused["$metadata"]) {
    super(message);
    this.name = name;
    this.$metadata = metadata;
  }
}

/**
 * One call of a service with the protocol "AWS JSON 1.1", in one attempt: the SDK's client of such a service would be larger than
 * what uses it. `target` is the name of the API and the operation. Throws `CallRefused`, and what the network throws.
 */
export async function signedCall(
  service: CalledService,
  target: string,
  body: object,
  abortSignal: AbortSignal,
): Promise<unknown> {
  const { name, region, provider, now } = service;
  const signer = new SignatureV4({
    ...{ service: name, region, credentials: provider, sha256: Sha256 },
  });
  const request = await signer.sign(requestTo(service, target, JSON.stringify(body)), {
    signingDate: new Date(now()),
  });
  const { response } = await service.handler.handle(HttpRequest.clone(request), { abortSignal });
  const text = await textOf(response.body);
  const json = parseJson(text);
  const { statusCode, headers } = response;
  if (statusCode === 200 && typeof json === "object" && json !== null) return json;
  const error = ErrorBody.safeParse(json).data;
  const type = error?.__type ?? headers["x-amzn-errortype"];
  throw new CallRefused(
    type === undefined ? `HTTP ${String(statusCode)}` : nameIn(type),
    error?.message ?? error?.Message ?? "",
    { httpStatusCode: statusCode, requestId: headers["x-amzn-requestid"] },
  );
}

function requestTo({ url }: CalledService, target: string, body: string): HttpRequest {
  const { protocol, hostname, port, pathname, host } = new URL(url);
  return new HttpRequest({
    method: "POST",
    ...{ protocol, hostname, path: pathname, body },
    ...(port !== "" && { port: Number(port) }),
    headers: {
      host,
      "content-type": "application/x-amz-json-1.1",
      "content-length": String(Buffer.byteLength(body)),
      "x-amz-target": target,
    },
  });
}

/** `AccessDeniedException` in `com.amazonaws.ecs#AccessDeniedException` and in `AccessDeniedException:http://…`. */
function nameIn(type: string): string {
  return (type.split("#").at(-1) ?? "").split(":")[0] ?? "";
}

async function textOf(body: unknown): Promise<string> {
  if (!isReadable(body)) return "";
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function isReadable(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
