import * as z from "zod";
import type { Credentials } from "./aws-signer.ts";
import { parseJson } from "../../protocol/json.ts";
import type { RunReport } from "./run-report.ts";
import { post } from "./post.ts";
import { asNotSent, NotSent, twice, type Attempts } from "./webhook.ts";

export const eventSource = "hasura-migrate";
export const eventDetailType = "Hasura Migration Run Ended";

/** Sends a report to a bus. Throws `NotSent`. */
export type PutEvent = (bus: string, report: RunReport, attempts: Attempts) => Promise<void>;

/** Variables as Lambda and the SDK define them. */
type Environment = Readonly<Record<string, string | undefined>>;

const Answer = z.object({
  __type: z.string().optional(),
  FailedEntryCount: z.int().default(0),
  Entries: z.array(z.object({ ErrorCode: z.string().optional() })).default([]),
});

const mostAnswerBytes = 16_384;

/**
 * One PutEvents request, signed with the function's own credentials unless others are given. The function contains the signer
 * anyway; a client of the SDK for this one request would be 14 kB more.
 */
export function putEventWith(env: Environment, credentials?: Credentials): PutEvent {
  return (bus, report, attempts) => {
    const region = regionOf(bus) ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? "";
    const url = endpointOf(region, env);
    const body = JSON.stringify({ Entries: [entryOf(bus, report)] });
    return twice(async () => {
      const headers = await signedHeaders(url, region, body, credentials);
      const { status, body: text } = await post({
        url,
        headers,
        body,
        signal: attempts.signal,
        mostBytes: mostAnswerBytes,
      }).catch(asNotSent);
      checkAnswer(status, text);
    }, attempts);
  };
}

function entryOf(bus: string, report: RunReport): object {
  return {
    Source: eventSource,
    DetailType: eventDetailType,
    EventBusName: bus,
    Time: Date.parse(report.endedAt) / 1000,
    Detail: JSON.stringify(report),
  };
}

/** A bus may be in another region than the function. */
function regionOf(bus: string): string | undefined {
  return /^arn:[^:]+:events:([^:]+):/.exec(bus)?.[1];
}

function endpointOf(region: string, env: Environment): URL {
  const given = env["AWS_ENDPOINT_URL_EVENTBRIDGE"] ?? env["AWS_ENDPOINT_URL"];
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return new URL(given ?? `https://events.${region}.${suffix}`);
}

async function signedHeaders(
  url: URL,
  region: string,
  body: string,
  credentials: Credentials | undefined,
): Promise<Record<string, string>> {
  const { sign } = await import("./aws-signer.ts");
  return sign({
    url,
    region,
    service: "events",
    body,
    ...(credentials !== undefined && { credentials }),
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "AWSEvents.PutEvents",
    },
  });
}

function checkAnswer(status: number, text: string): void {
  const answer = Answer.safeParse(parseJson(text)).data;
  if (status === 200 && answer?.FailedEntryCount === 0) return;
  const code = errorCodeOf(answer);
  const named = code === "" ? "" : ` (${code})`;
  const advice = /AccessDenied|NotAuthorized/.test(code)
    ? ": allow the function's role events:PutEvents on the bus"
    : "";
  const mayPass = status === 429 || status >= 500 || /Throttl|InternalFailure/.test(code);
  throw new NotSent(`EventBridge responded with ${String(status)}${named}${advice}`, mayPass);
}

/** The code of an error, of the request or of its entry; empty where there is none that can be shown. */
function errorCodeOf(answer: z.infer<typeof Answer> | undefined): string {
  const code = (answer?.__type ?? answer?.Entries[0]?.ErrorCode ?? "").replace(/^.*#/, "");
  return /^\w{1,100}$/.test(code) ? code : "";
}
