import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { Sha256 } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";
import { putEventWith } from "../../../src/lambda/run-end/event-bridge.ts";
import { runReport } from "../../../src/lambda/run-end/run-report.ts";
import { noFacts } from "../../../src/lambda/run-end/run-facts.ts";
import { Request } from "../../../src/protocol/request.ts";
import { context } from "../support/invoke.ts";
import { request } from "../support/request.ts";

const keys = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "example-secret-key" };
const bus = "arn:aws:events:eu-central-1:111122223333:event-bus/deployments";

interface Put {
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** A server that takes PutEvents on the wire, and answers the first with the first of these, the last one from then on. */
async function eventBridge(
  t: TestContext,
  ...answers: { readonly status: number; readonly json: object }[]
): Promise<{ url: string; puts: Put[] }> {
  const puts: Put[] = [];
  const server = createServer((asked, response) => {
    let text = "";
    asked.on("data", (chunk: Buffer) => (text += chunk.toString()));
    asked.on("end", () => {
      puts.push({ headers: asked.headers, text });
      const answer = answers[Math.min(puts.length, answers.length) - 1] ?? {
        status: 200,
        json: { FailedEntryCount: 0, Entries: [{ EventId: "1" }] },
      };
      response.writeHead(answer.status).end(JSON.stringify(answer.json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, puts };
}

const report =
  runReport({
    request: Request.parse(request("apply")),
    facts: {
      ...noFacts,
      applied: 2,
      end: { type: "run.finished", applied: 2, notReached: 0, tookMs: 1 },
    },
    context,
    startedAt: 1_795_000_000_000,
    endedAt: 1_795_000_001_500,
    redact: (text) => text,
  }) ?? assert.fail("there is no report");

/** Sends the report to a bus there; resolves to why it was not sent. */
async function put(t: TestContext, url: string): Promise<string | undefined> {
  const putEvent = putEventWith(
    { AWS_ENDPOINT_URL_EVENTBRIDGE: url, AWS_REGION: "eu-west-1" },
    keys,
  );
  const stop = new AbortController();
  t.onTestFinished(() => stop.abort());
  return putEvent(bus, report, { signal: stop.signal, sleep: async () => undefined }).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

const Body = z.strictObject({
  Entries: z.tuple([
    z.strictObject({
      Source: z.literal("hasura-migrate"),
      DetailType: z.literal("Hasura Migration Run Ended"),
      EventBusName: z.literal(bus),
      Time: z.literal(1_795_000_001.5),
      Detail: z.string(),
    }),
  ]),
});

describe("an event on a bus", () => {
  test("is one entry of PutEvents, with the report as its detail", async (t) => {
    const { url, puts } = await eventBridge(t);
    assert.equal(await put(t, url), undefined);
    assert.equal(puts.length, 1);
    assert.equal(puts[0]?.headers["x-amz-target"], "AWSEvents.PutEvents");
    assert.equal(puts[0].headers["content-type"], "application/x-amz-json-1.1");
    const [entry] = Body.parse(JSON.parse(puts[0].text)).Entries;
    assert.deepEqual(JSON.parse(entry.Detail), report);
    assert.deepEqual(
      [report.outcome, report.applied, report.durationMs, report.user],
      ["finished", 2, 1500, "ada"],
    );
  });

  test("is signed for the region of its bus, as the server computes the signature", async (t) => {
    const { url, puts } = await eventBridge(t);
    await put(t, url);
    const { headers, text } = puts[0] ?? assert.fail("nothing was sent");
    assert.match(
      headers.authorization ?? "",
      /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\/\d{8}\/eu-central-1\/events\/aws4_request, SignedHeaders=.*host;.*x-amz-target/,
    );
    const date = String(headers["x-amz-date"]);
    const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1]?.split(";") ?? [];
    const again = await new SignatureV4({
      service: "events",
      region: "eu-central-1",
      credentials: keys,
      sha256: Sha256,
    }).sign(
      {
        method: "POST",
        protocol: "http:",
        hostname: "127.0.0.1",
        path: "/",
        headers: Object.fromEntries(signed.map((name) => [name, String(headers[name])])),
        body: text,
      },
      { signingDate: date.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z") },
    );
    assert.equal(headers.authorization, again.headers["authorization"]);
  });

  test("that the role may not put says which permission is missing, and is not sent again", async (t) => {
    const { url, puts } = await eventBridge(t, {
      status: 400,
      json: {
        __type: "com.amazon.coral.service#AccessDeniedException",
        message: "User: arn:aws:sts::111122223333:assumed-role/secret-role is not authorized",
      },
    });
    assert.equal(
      await put(t, url),
      "NotSent: EventBridge responded with 400 (AccessDeniedException): allow the function's role events:PutEvents on the bus",
    );
    assert.equal(puts.length, 1);
  });

  test("that the bus refuses is not sent", async (t) => {
    const json = { FailedEntryCount: 1, Entries: [{ ErrorCode: "NotAuthorizedForSource" }] };
    const { url } = await eventBridge(t, { status: 200, json });
    assert.match((await put(t, url)) ?? "", /responded with 200 \(NotAuthorizedForSource\)/);
  });

  test("is sent again once when the service is throttled or broken", async (t) => {
    const throttled = { status: 400, json: { __type: "ThrottlingException" } };
    const { url, puts } = await eventBridge(t, throttled, { status: 500, json: {} });
    assert.equal(await put(t, url), "NotSent: EventBridge responded with 500");
    assert.equal(puts.length, 2);
  });
});
