import { brotliCompressSync, constants } from "node:zlib";
import { uploadLimits, type UploadDocument, type UploadEnvelope } from "../../protocol/upload.ts";
import type { JsonMap } from "../../metadata/document/json.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { MetadataUpload } from "../../protocol/metadata-upload.ts";
import type { SeedUpload } from "../../protocol/seed-upload.ts";
import { metadataTooLarge, uploadTooLarge } from "./too-large.ts";

/** Up to this many bytes, the best compression takes no noticeable time. */
const smallBytes = 256 * 1024;

/** A document as a request carries it. Throws `usage/upload-too-large`. */
export function compressedUpload(document: UploadDocument): UploadEnvelope {
  return compressed(document, () => uploadTooLarge(filesIn(document)));
}

/** Seeds as a request carries them. Throws `usage/upload-too-large`. */
export function compressedSeeds(upload: SeedUpload): UploadEnvelope {
  const files = upload.seeds.flatMap((seed) =>
    "file" in seed && "sql" in seed.file
      ? [{ path: seed.file.path, size: Buffer.byteLength(seed.file.sql) }]
      : [],
  );
  return compressed(upload, () => uploadTooLarge(files, "seeds"));
}

type ReadonlyMetadata = Omit<MetadataUpload, "document"> & { readonly document: JsonMap };

/** Metadata as a request carries it. Throws `usage/upload-too-large`. */
export function compressedMetadata(metadata: ReadonlyMetadata): UploadEnvelope {
  return compressed(metadata, metadataTooLarge);
}

function compressed(document: object, tooLarge: () => Failure): UploadEnvelope {
  const text = Buffer.from(JSON.stringify(document));
  if (text.length > uploadLimits.expandedBytes) throw tooLarge();
  const bytes = brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: text.length <= smallBytes ? 9 : 5,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
  if (bytes.length > uploadLimits.compressedBytes) throw tooLarge();
  return { encoding: "brotli", data: bytes.toString("base64") };
}

function filesIn({ migrations }: UploadDocument) {
  return migrations.flatMap(({ up, down }) =>
    [up, down].flatMap((file) =>
      file && "sql" in file ? [{ path: file.path, size: Buffer.byteLength(file.sql) }] : [],
    ),
  );
}
