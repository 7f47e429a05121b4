import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { serviceFor } from "../../support/lambda-service.ts";

const tagged = [
  { name: "a", environment: "dev-1", region: "eu-west-1" },
  { name: "b", environment: "dev-2", region: "us-east-1" },
  { name: "c", environment: "prod" },
];

const Answer = z.object({
  PaginationToken: z.string(),
  ResourceTagMappingList: z.array(z.object({ ResourceARN: z.string() })),
});

/** Sends GetResources with a signature for the region; the local service does not verify it. */
function ask(url: string, body: string, region = "eu-west-1"): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: {
      "x-amz-target": "ResourceGroupsTaggingAPI_20170126.GetResources",
      authorization: `AWS4-HMAC-SHA256 Credential=AKIA/20261126/${region}/tagging/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body,
  });
}

describe("GetResources of the local service", () => {
  test("has the functions of the region that the request is signed for", async (t) => {
    const { url } = await serviceFor(t, "echo", { tagged });
    const answer = Answer.parse(await (await ask(url, "{}")).json());
    assert.deepEqual(
      answer.ResourceTagMappingList.map(({ ResourceARN }) => ResourceARN),
      ["a", "c"].map((name) => `arn:aws:lambda:eu-west-1:000000000000:function:${name}`),
    );
  });

  test("filters by tag, value and type, and returns pages", async (t) => {
    const { url } = await serviceFor(t, "echo", { tagged });
    const count = async (request: object): Promise<number> =>
      Answer.parse(await (await ask(url, JSON.stringify(request))).json()).ResourceTagMappingList
        .length;
    const Key = "hasura-migrate:environment";
    assert.equal(await count({ TagFilters: [{ Key }] }), 2);
    assert.equal(await count({ TagFilters: [{ Key, Values: ["prod"] }] }), 1);
    assert.equal(await count({ TagFilters: [{ Key: "other" }] }), 0);
    assert.equal(await count({ ResourceTypeFilters: ["s3"] }), 0);
    const page = Answer.parse(await (await ask(url, '{"ResourcesPerPage":1}')).json());
    assert.equal(await count({ ResourcesPerPage: 1, PaginationToken: page.PaginationToken }), 1);
  });

  test.for(["", "{", "[]", '{"ResourcesPerPage":0}'])("refuses the request %j", async (body, t) => {
    const { url } = await serviceFor(t, "echo", { tagged });
    const answer = await ask(url, body);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get("x-amzn-errortype"), "InvalidParameterValueException");
  });

  test("accepts only the access key that the service printed", async (t) => {
    const { url } = await serviceFor(t, "echo", { tagged, accessKeyId: "local-1" });
    assert.equal((await ask(url, "{}")).status, 403);
  });
});
