import { EventStreamCodec } from "@smithy/core/event-streams";
import { fromUtf8, toUtf8 } from "@smithy/core/serde";

const codec = new EventStreamCodec(toUtf8, fromUtf8);

/**
 * A chunk of a function's response, as a frame of `application/vnd.amazon.eventstream`
 * (docs/internals/aws-lambda.md, "Requests and frames").
 */
export function payloadFrame(bytes: Uint8Array): Uint8Array {
  return frame("PayloadChunk", "application/octet-stream", bytes);
}

/** How a stream ended; without an error code, in success. */
export interface Completion {
  readonly ErrorCode?: string;
  readonly ErrorDetails?: string;
  /** Base64, as in the header of a buffered response. */
  readonly LogResult?: string;
}

/** The last frame of a stream. */
export function completeFrame(completion: Completion): Uint8Array {
  return frame("InvokeComplete", "application/json", Buffer.from(JSON.stringify(completion)));
}

function frame(type: string, contentType: string, body: Uint8Array): Uint8Array {
  return codec.encode({
    headers: {
      ":message-type": { type: "string", value: "event" },
      ":event-type": { type: "string", value: type },
      ":content-type": { type: "string", value: contentType },
    },
    body,
  });
}
