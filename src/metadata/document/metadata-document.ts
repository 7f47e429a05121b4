import type { MetadataUpload } from "../../protocol/metadata-upload.ts";
import type { JsonMap } from "./json.ts";
import { spotOf, type JsonPath, type Origins } from "./places.ts";
import { placeOf, type FilePlace } from "./source-text.ts";

/** The metadata of a project: the document that Hasura receives, and the position of each part in the files. */
export interface MetadataDocument {
  /** The argument of `replace_metadata`: `metadata` in config version 3, all of `args` in version 2. */
  readonly value: JsonMap;
  /** The form of the document: config version 2 has tables, 3 has sources. A single file may have another one than its project. */
  readonly configVersion: 2 | 3;
  /** Where the value at a path is written, or what would contain it; undefined if no file has it. */
  placeOf(path: JsonPath): FilePlace | undefined;
}

export function metadataDocument(
  value: JsonMap,
  configVersion: 2 | 3,
  origins: Origins,
): MetadataDocument {
  return {
    value,
    configVersion,
    placeOf: (path) => {
      const spot = spotOf(value, path, origins);
      return spot && placeOf(spot);
    },
  };
}

/** Metadata that a client read: only the client knows its files. */
export function uploadedMetadata({ document, configVersion }: MetadataUpload): MetadataDocument {
  return { value: document, configVersion, placeOf: () => undefined };
}
