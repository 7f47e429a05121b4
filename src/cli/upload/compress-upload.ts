import { brotliCompressSync, constants } from "node:zlib";
import { uploadLimits, type UploadDocument, type UploadEnvelope } from "../../protocol/upload.ts";
import { uploadTooLarge } from "./too-large.ts";

/** Up to this many bytes, the best compression takes no noticeable time. */
const smallBytes = 256 * 1024;

/** A document as a request carries it. Throws `usage/upload-too-large`. */
export function compressedUpload(document: UploadDocument): UploadEnvelope {
  const text = Buffer.from(JSON.stringify(document));
  if (text.length > uploadLimits.expandedBytes) throw uploadTooLarge(filesIn(document));
  const compressed = brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: text.length <= smallBytes ? 9 : 5,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
  if (compressed.length > uploadLimits.compressedBytes) throw uploadTooLarge(filesIn(document));
  return { encoding: "brotli", data: compressed.toString("base64") };
}

function filesIn({ migrations }: UploadDocument) {
  return migrations.flatMap(({ up, down }) =>
    [up, down].flatMap((file) =>
      file && "sql" in file ? [{ path: file.path, size: Buffer.byteLength(file.sql) }] : [],
    ),
  );
}
