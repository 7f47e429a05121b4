import * as z from "zod";
import { JsonObject } from "./json-object.ts";
import { UploadedDirectory } from "./run-source.ts";

/*
 * The metadata of a developer's directory that is sent in a request: a JSON document, compressed, in base64, like uploaded
 * migrations. It is what `replace_metadata` takes: the function never reads a file because of it.
 */

/** The limits of uploaded metadata, beside those of `uploadLimits` in bytes. */
export const metadataLimits = {
  /** Levels of lists and objects. Row filters are nested the deepest. */
  depth: 200,
  /** Values in lists and objects, over all levels. */
  values: 2_000_000,
} as const;

/** What is in uploaded metadata. The document itself is checked by Hasura. */
export const MetadataUpload = z.strictObject({
  format: z.literal(1),
  configVersion: z.literal([2, 3]),
  from: UploadedDirectory,
  document: JsonObject,
});
export type MetadataUpload = z.infer<typeof MetadataUpload>;
