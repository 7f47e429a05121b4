import type { IncomingMessage } from "node:http";
import * as z from "zod";
import { ServiceError } from "./service-error.ts";

/**
 * Bytes of a request, and of a buffered answer: 6 MB (docs/internals/aws-lambda.md, "Limits and
 * behaviour of the service"). An asynchronous request may have 1 MB.
 */
export const largestPayloadBytes = 6 * 1024 * 1024;
const largestAsyncPayloadBytes = 1024 * 1024;

const headers = z.object({
  "x-amz-invocation-type": z
    .enum(["RequestResponse", "DryRun", "Event"])
    .default("RequestResponse"),
  "x-amz-log-type": z.enum(["None", "Tail"]).default("None"),
  "x-amz-client-context": z.string().max(3583).optional(),
});

/** What an Invoke or InvokeWithResponseStream asks for. `clientContext` is JSON text. */
export interface InvokeRequest {
  readonly type: "RequestResponse" | "DryRun" | "Event";
  readonly tail: boolean;
  readonly clientContext?: string;
  readonly payload: Buffer;
}

/**
 * Reads headers and body of an invocation.
 * @throws ServiceError for a header with another value, a body that is too large, or one that is not JSON
 */
export async function readInvokeRequest(request: IncomingMessage): Promise<InvokeRequest> {
  const checked = headers.safeParse(request.headers);
  if (!checked.success) {
    const names = checked.error.issues.map((issue) => issue.path.join("."));
    throw new ServiceError(
      "InvalidParameterValueException",
      `Not a value Lambda knows: ${names.join(", ")}`,
    );
  }
  const type = checked.data["x-amz-invocation-type"];
  const payload = await readBody(
    request,
    type === "Event" ? largestAsyncPayloadBytes : largestPayloadBytes,
  );
  requireJson(payload);
  const context = clientContext(checked.data["x-amz-client-context"]);
  return {
    type,
    tail: checked.data["x-amz-log-type"] === "Tail",
    payload,
    ...(context && { clientContext: context }),
  };
}

/** Reads on to the end of a body that is too large: an answer to a client that is still sending would be lost in a reset. */
async function readBody(request: IncomingMessage, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= largest) chunks.push(chunk);
  }
  if (size > largest) {
    throw new ServiceError(
      "RequestTooLargeException",
      `Request must be smaller than ${largest} bytes for the InvokeFunction operation`,
    );
  }
  return Buffer.concat(chunks);
}

/** An empty body is allowed; a function then sees `{}`. */
function requireJson(payload: Buffer): void {
  if (payload.length === 0) return;
  try {
    JSON.parse(payload.toString("utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceError(
      "InvalidRequestContentException",
      `Could not parse request body into json: ${reason}`,
    );
  }
}

function clientContext(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  const text = Buffer.from(base64, "base64").toString("utf8");
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw new ServiceError(
      "InvalidRequestContentException",
      "Client context must be a valid Base64-encoded JSON object.",
    );
  }
}
