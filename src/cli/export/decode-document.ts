import { brotliDecompressSync } from "node:zlib";
import type { JsonMap } from "../../metadata/document/json.ts";
import type { EventOf } from "../../protocol/events.ts";
import { JsonObject } from "../../protocol/json-object.ts";
import { parseJson } from "../../protocol/json.ts";
import { brokenStream } from "../../protocol/ndjson.ts";

/** A document with more bytes is refused; a large project has a hundredth of that. */
const mostBytes = 256 * 1024 * 1024;

/**
 * The metadata in the answer to `metadata-export`.
 * @throws Failure unreachable/stream-broken for anything but a whole document
 */
export function decodeDocument({ data, bytes }: EventOf<"metadata.document">): JsonMap {
  if (bytes > mostBytes) throw brokenStream("the metadata is too large");
  const text = decompressed(data, bytes);
  if (text.length !== bytes) throw brokenStream("the metadata is not complete");
  const parsed = JsonObject.safeParse(parseJson(text.toString("utf8")));
  if (!parsed.success) throw brokenStream("the metadata is not a JSON object", parsed.error);
  return parsed.data;
}

function decompressed(data: string, bytes: number): Buffer {
  try {
    return brotliDecompressSync(Buffer.from(data, "base64"), { maxOutputLength: bytes + 1 });
  } catch (cause) {
    throw brokenStream("the metadata cannot be decompressed", cause);
  }
}
