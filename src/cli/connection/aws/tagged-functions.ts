import { createHash, createHmac } from "node:crypto";
import { Readable } from "node:stream";
import { HttpRequest } from "@smithy/core/transport";
import { SignatureV4 } from "@smithy/signature-v4";
import * as z from "zod";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import { exponentialBackoff, retry } from "../../../retry.ts";
import type { CliContext } from "../../context.ts";
import { functionReference } from "../../config/parse-function-name.ts";
import { Delivery } from "./delivery.ts";
import type { Provider } from "./fetch-credentials.ts";
import type { RequestHandler } from "./http-handler.ts";
import { networkFailure } from "./network-errors.ts";

/** The tag that the template, the CDK construct and the Terraform module give a function: its value is the environment. */
export const environmentTag = "hasura-migrate:environment";

/** A function with that tag. */
export interface TaggedFunction {
  readonly environment: string;
  readonly arn: string;
}

/** Where functions are looked for, and as whom. */
export interface TaggingService {
  readonly url: URL;
  readonly region: string;
  readonly credentials: Provider;
  readonly requestHandler: RequestHandler;
}

const Page = z.object({
  PaginationToken: z.string().optional(),
  ResourceTagMappingList: z
    .array(
      z.object({
        ResourceARN: z.string(),
        Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
      }),
    )
    .default([]),
});

/** Pages of 100 functions; more environments than this are a loop of the service. */
const mostPages = 50;

/**
 * The functions of an account and region that have the tag. One request of the Resource Groups Tagging API for every 100, with
 * the permission `tag:GetResources`: Lambda itself has no such filter, and would need ListFunctions, and ListTags for each
 * function of the account. The SDK's client of that API would be larger than this. Throws access and unreachable failures.
 */
export async function taggedFunctions(
  service: TaggingService,
  context: CliContext,
  signal: AbortSignal,
): Promise<TaggedFunction[]> {
  const found: TaggedFunction[] = [];
  let token = "";
  for (let page = 0; page < mostPages; page += 1) {
    const answer = await getResources(service, token, context, signal);
    for (const { ResourceARN: arn, Tags } of answer.ResourceTagMappingList) {
      const environment = Tags.find(({ Key }) => Key === environmentTag)?.Value;
      // Anything else is not a function that could be called.
      if (environment !== undefined && functionReference(arn).account !== undefined)
        found.push({ environment, arn });
    }
    token = answer.PaginationToken ?? "";
    if (token === "") break;
  }
  return found;
}

async function getResources(
  service: TaggingService,
  token: string,
  context: CliContext,
  signal: AbortSignal,
): Promise<z.infer<typeof Page>> {
  const delivery = new Delivery();
  try {
    return await retry(() => delivery.observe(() => send(service, token, signal)), {
      backoff: exponentialBackoff({ firstMs: 200, longestMs: 2000, random: context.random }),
      shouldRetry: (error, attempt) =>
        error instanceof Refusal && error.isTransient && attempt < 5 && !signal.aborted,
      sleep: context.sleep,
      signal,
    });
  } catch (thrown) {
    throw await explained(thrown, service, delivery, context);
  }
}

/** An answer of the service that is not what was asked for. */
class Refusal extends Error {
  readonly code: string;
  readonly isTransient: boolean;

  constructor(code: string, message: string, status: number) {
    super(message === "" ? code : message);
    this.name = "Refusal";
    this.code = code;
    this.isTransient = status >= 500 || status === 429 || /throttl|TooManyRequests/i.test(code);
  }
}

async function send(
  { url, region, credentials, requestHandler }: TaggingService,
  token: string,
  abortSignal: AbortSignal,
): Promise<z.infer<typeof Page>> {
  const signer = new SignatureV4({ service: "tagging", region, credentials, sha256: Sha256 });
  const request = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== "" && { port: Number(url.port) }),
    path: "/",
    query: {},
    headers: {
      host: url.host,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "ResourceGroupsTaggingAPI_20170126.GetResources",
    },
    body: JSON.stringify({
      ResourceTypeFilters: ["lambda:function"],
      TagFilters: [{ Key: environmentTag }],
      ResourcesPerPage: 100,
      ...(token !== "" && { PaginationToken: token }),
    }),
  });
  const { response } = await requestHandler.handle(new HttpRequest(request), {
    abortSignal,
  });
  const text = await textOf(z.instanceof(Readable).parse(response.body));
  if (response.statusCode !== 200) throw refusalOf(response.statusCode, response.headers, text);
  const page = Page.safeParse(jsonOf(text));
  if (!page.success)
    throw new Refusal("UnexpectedResponse", "The answer is not one of this API.", 200);
  return page.data;
}

const Refused = z.looseObject({
  __type: z.string().optional(),
  message: z.string().optional(),
  Message: z.string().optional(),
});

function refusalOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): Refusal {
  const { data: { __type: type, message, Message } = {} } = Refused.safeParse(jsonOf(text));
  const code = headers["x-amzn-errortype"] ?? type ?? `HTTP ${status}`;
  return new Refusal(code.replace(/^.*#|:.*$/g, ""), message ?? Message ?? "", status);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function textOf(body: Readable): Promise<string> {
  let text = "";
  for await (const part of body.setEncoding("utf8")) text += String(part);
  return text;
}

const denied = /AccessDenied|NotAuthorized|UnauthorizedOperation/;
const notAccepted =
  /UnrecognizedClient|InvalidClientTokenId|ExpiredToken|InvalidSignature|SignatureDoesNotMatch/;

async function explained(
  thrown: unknown,
  { url, region }: TaggingService,
  delivery: Delivery,
  { env }: CliContext,
): Promise<Failure> {
  if (thrown instanceof Failure) return thrown;
  const network = await networkFailure(thrown, delivery, {
    ...{ service: "the Resource Groups Tagging API", url, unreachable: "discovery-failed", env },
  });
  if (network) return network;
  const cause = { cause: thrown };
  const where = `in ${region}`;
  if (!(thrown instanceof Refusal))
    return new Failure("unreachable", "discovery-failed", `No list of functions ${where}.`, cause);
  if (denied.test(thrown.code))
    return new Failure(
      "access",
      "discovery-denied",
      `These credentials may not list functions by their tag ${where}.`,
      {
        ...cause,
        hints: [textHint('Allow the action tag:GetResources on the resource "*".')],
      },
    );
  const kind = notAccepted.test(thrown.code) ? "access" : "unreachable";
  return new Failure(
    kind,
    "discovery-failed",
    `AWS refused to list functions ${where}: ${thrown.code}.`,
    cause,
  );
}

/** SHA-256, or its HMAC, as the SDK's signer takes it. */
class Sha256 {
  readonly #secret: Uint8Array | string | undefined;
  #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : bytesOf(secret);
    this.#hash = this.#create();
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#create();
  }

  #create(): ReturnType<typeof createHash> | ReturnType<typeof createHmac> {
    return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", this.#secret);
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, "utf8");
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
