import { EventStreamCodec } from "@smithy/core/event-streams";
import { fromUtf8, toUtf8 } from "@smithy/core/serde";

/** One event of a run, a line with its end; or what Lambda closes a stream with. */
export interface Part {
  readonly type: "PayloadChunk" | "InvokeComplete";
  readonly body: string;
}

const codec = new EventStreamCodec(toUtf8, fromUtf8);

/** The frames of a streamed answer, however many events lie in one, as one part for each event. Text after the last line end is a part too. */
export async function* partsOf(answer: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  let text = "";
  for await (const message of messagesOf(answer)) {
    const { headers, body } = codec.decode(message);
    const received = Buffer.from(body).toString("utf8");
    if (headers[":event-type"]?.value === "InvokeComplete") {
      if (text !== "") yield { type: "PayloadChunk", body: text };
      yield { type: "InvokeComplete", body: received };
      continue;
    }
    const lines = (text + received).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) yield { type: "PayloadChunk", body: `${line}\n` };
  }
}

/** Bytes as whole messages of `application/vnd.amazon.eventstream`: each begins with its length, 4 bytes, big-endian. */
async function* messagesOf(answer: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of answer) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= rest.readUInt32BE(0)) {
      const length = rest.readUInt32BE(0);
      yield rest.subarray(0, length);
      rest = rest.subarray(length);
    }
  }
}
