import * as z from "zod";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import { exponentialBackoff, retry } from "../../../retry.ts";
import type { CliContext } from "../../context.ts";
import { functionReference } from "../../config/parse-function-name.ts";
import { Delivery } from "./delivery.ts";
import { networkFailure } from "./network-errors.ts";
import { CallRefused, signedCall, type CalledService } from "./signed-call.ts";

/** The tag that the template, the CDK construct and the Terraform module give a function: its value is the environment. */
export const environmentTag = "hasura-migrate:environment";

/** A function with that tag. */
export interface TaggedFunction {
  readonly environment: string;
  readonly arn: string;
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
  service: CalledService,
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
  service: CalledService,
  token: string,
  context: CliContext,
  signal: AbortSignal,
): Promise<z.infer<typeof Page>> {
  const delivery = new Delivery();
  try {
    return await retry(() => delivery.observe(() => send(service, token, signal)), {
      backoff: exponentialBackoff({ firstMs: 200, longestMs: 2000, random: context.random }),
      shouldRetry: (error, attempt) => isTransient(error) && attempt < 5 && !signal.aborted,
      sleep: context.sleep,
      signal,
    });
  } catch (thrown) {
    throw await explained(thrown, service, delivery, context);
  }
}

async function send(
  service: CalledService,
  token: string,
  signal: AbortSignal,
): Promise<z.infer<typeof Page>> {
  const body = {
    ResourceTypeFilters: ["lambda:function"],
    TagFilters: [{ Key: environmentTag }],
    ResourcesPerPage: 100,
    ...(token !== "" && { PaginationToken: token }),
  };
  const answer = await signedCall(
    service,
    "ResourceGroupsTaggingAPI_20170126.GetResources",
    body,
    signal,
  );
  const page = Page.safeParse(answer);
  if (page.success) return page.data;
  throw new CallRefused("UnexpectedResponse", "The response is not in this API's format.", {
    httpStatusCode: 200,
    requestId: undefined,
  });
}

function isTransient(thrown: unknown): boolean {
  if (!(thrown instanceof CallRefused)) return false;
  const status = thrown.$metadata.httpStatusCode;
  return status >= 500 || status === 429 || /throttl|TooManyRequests/i.test(thrown.name);
}

const denied = /AccessDenied|NotAuthorized|UnauthorizedOperation/;
const notAccepted =
  /UnrecognizedClient|InvalidClientTokenId|ExpiredToken|InvalidSignature|SignatureDoesNotMatch/;

async function explained(
  thrown: unknown,
  { url, region }: CalledService,
  delivery: Delivery,
  { env }: CliContext,
): Promise<Failure> {
  if (thrown instanceof Failure) return thrown;
  const network = await networkFailure(thrown, delivery, {
    ...{ service: "the Resource Groups Tagging API", unreachable: "discovery-failed", env },
    url: new URL(url),
  });
  if (network) return network;
  const cause = { cause: thrown };
  const where = `in ${region}`;
  if (!(thrown instanceof CallRefused))
    return new Failure(
      "unreachable",
      "discovery-failed",
      `The functions ${where} could not be listed.`,
      cause,
    );
  if (denied.test(thrown.name))
    return new Failure(
      "access",
      "discovery-denied",
      `These credentials may not list functions by their tag ${where}.`,
      {
        ...cause,
        hints: [textHint('Allow the action tag:GetResources on the resource "*".')],
      },
    );
  const kind = notAccepted.test(thrown.name) ? "access" : "unreachable";
  return new Failure(
    kind,
    "discovery-failed",
    `AWS refused to list functions ${where}: ${thrown.name}.`,
    cause,
  );
}
