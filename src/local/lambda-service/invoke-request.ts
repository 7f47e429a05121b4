import type { IncomingMessage } from "node:http";
import * as z from "zod";
import { parseJson } from "../../protocol/json.ts";
import { ServiceError } from "./service-error.ts";

/**
 * The limit for a request and for a buffered response: 6 MB (docs/internals/aws-lambda.md, "Limits and
 * behaviour of the service").
 */
export const maxPayloadBytes = 6 * 1024 * 1024;
/** The limit for an asynchronous request. */
const maxAsyncPayloadBytes = 1024 * 1024;

const headers = z.object({
  "x-amz-invocation-type": z
    .enum(["RequestResponse", "DryRun", "Event"])
    .default("RequestResponse"),
  "x-amz-log-type": z.enum(["None", "Tail"]).default("None"),
  "x-amz-client-context": z.string().max(3583).optional(),
});

/** The parameters of Invoke and InvokeWithResponseStream. `tail`: return the log. `clientContext` is JSON text. */
export interface InvokeRequest {
  readonly type: "RequestResponse" | "DryRun" | "Event";
  readonly tail: boolean;
  readonly clientContext?: string;
  readonly payload: Buffer;
}

/**
 * Reads headers and body of an invocation.
 * @throws ServiceError for an invalid header, a body that is too large, or one that is not JSON
 */
export async function readInvokeRequest(request: IncomingMessage): Promise<InvokeRequest> {
  const checked = headers.safeParse(request.headers);
  if (!checked.success) {
    const names = checked.error.issues.map((issue) => issue.path.join("."));
    throw new ServiceError("InvalidParameterValueException", `Invalid value: ${names.join(", ")}`);
  }
  const type = checked.data["x-amz-invocation-type"];
  const payload = await readBody(
    request,
    type === "Event" ? maxAsyncPayloadBytes : maxPayloadBytes,
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

/** Reads even a body that is too large to its end: a client that is still sending would get a reset instead of the error. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  if (size > maxBytes) {
    throw new ServiceError(
      "RequestTooLargeException",
      `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`,
    );
  }
  return Buffer.concat(chunks);
}

/** An empty body is allowed; the function then gets `{}`. */
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
  if (parseJson(text) !== undefined) return text;
  throw new ServiceError(
    "InvalidRequestContentException",
    "Client context must be a valid Base64-encoded JSON object.",
  );
}
