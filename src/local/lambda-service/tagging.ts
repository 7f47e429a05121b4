import type { IncomingMessage, ServerResponse } from "node:http";
import * as z from "zod";
import { arnOf, localAccount } from "./function-name.ts";
import { signedRegion } from "./route.ts";
import { ServiceError } from "./service-error.ts";

/** A function that has the tag of an environment. */
export interface TaggedFunction {
  readonly name: string;
  readonly environment: string;
  /** Default: every region. */
  readonly region?: string;
}

const target = "ResourceGroupsTaggingAPI_20170126.GetResources";
const tag = "hasura-migrate:environment";

const Request = z.object({
  ResourceTypeFilters: z.array(z.string()).optional(),
  TagFilters: z
    .array(z.object({ Key: z.string(), Values: z.array(z.string()).optional() }))
    .optional(),
  ResourcesPerPage: z.int().min(1).max(100).default(50),
  PaginationToken: z.string().default(""),
});

/** True for a request of the Resource Groups Tagging API, which is told from Lambda's by a header. */
export function isTaggingRequest({ method, headers }: IncomingMessage): boolean {
  return method === "POST" && headers["x-amz-target"] === target;
}

/**
 * GetResources, for functions and their environment's tag.
 * @throws ServiceError for what the real API refuses
 */
export async function listTagged(
  request: IncomingMessage,
  response: ServerResponse,
  functions: readonly TaggedFunction[],
  requestId: string,
): Promise<void> {
  const { ResourceTypeFilters: types, TagFilters: filters, ...page } = await read(request);
  const region = signedRegion(request.headers.authorization, "tagging") ?? "us-east-1";
  const isFunction = types === undefined || types.some((type) => /^lambda(:function)?$/.test(type));
  const wanted = functions.filter(
    ({ environment, region: own = region }) =>
      isFunction &&
      own === region &&
      (filters ?? []).every(
        ({ Key, Values }) => Key === tag && (!Values?.length || Values.includes(environment)),
      ),
  );
  const from = Number(page.PaginationToken || "0");
  const to = from + page.ResourcesPerPage;
  const body = {
    PaginationToken: to < wanted.length ? String(to) : "",
    ResourceTagMappingList: wanted.slice(from, to).map(({ name, environment }) => ({
      ResourceARN: arnOf({ name, region, account: localAccount }),
      Tags: [{ Key: tag, Value: environment }],
    })),
  };
  response.writeHead(200, {
    "content-type": "application/x-amz-json-1.1",
    "x-amzn-requestid": requestId,
  });
  response.end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<z.infer<typeof Request>> {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(z.instanceof(Uint8Array).parse(part));
  try {
    return Request.parse(JSON.parse(Buffer.concat(parts).toString("utf8")));
  } catch (thrown) {
    throw new ServiceError("InvalidParameterValueException", String(thrown));
  }
}
