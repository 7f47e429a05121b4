import { brotliCompressSync, constants } from "node:zlib";
import type { UploadDocument, UploadEnvelope } from "../../src/protocol/upload.ts";

/** A document without migrations. */
export const emptyUpload: UploadDocument = {
  format: 1,
  image: "0".repeat(64),
  configVersion: 3,
  from: { directory: "shop/hasura", branch: "add-coupons", commit: "4c6ea1a", dirty: true },
  without: [],
  migrations: [],
  known: [],
};

/** A migration with an up file of this text. */
export function uploadedMigration(
  version: string,
  sql: string,
  more: Partial<UploadDocument["migrations"][number]> = {},
): UploadDocument["migrations"][number] {
  const path = `migrations/default/${version}_x/up.sql`;
  return { database: "default", version, name: "x", up: { path, sql }, ...more };
}

/** A document, or anything in its place, as a request carries it. */
export function envelopeOf(document: unknown): UploadEnvelope {
  return envelopeOfText(JSON.stringify(document));
}

export function envelopeOfText(text: string | Buffer): UploadEnvelope {
  // Node's default, the best compression, takes half a minute for the largest.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
  return {
    encoding: "brotli",
    data: brotliCompressSync(text, { params }).toString("base64"),
  };
}
