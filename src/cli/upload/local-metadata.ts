import {
  observedDisk,
  projectMetadata,
  type ProjectMetadata,
} from "../../engine/project/project-metadata.ts";
import { refuseMissing } from "../../engine/project/project.ts";
import { readProjectConfig } from "../../engine/project/config.ts";
import { realFileSystem, type FileSystem } from "../../engine/project/file-system.ts";
import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { problemText } from "../../metadata/problem.ts";
import type { RunEvent } from "../../protocol/events.ts";
import type { MetadataRefusal } from "../../protocol/failure.ts";
import type { MetadataChange } from "../../protocol/metadata-change.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { UploadedDirectory } from "../../protocol/run-source.ts";
import type { UploadEnvelope } from "../../protocol/upload.ts";
import type { CliContext } from "../context.ts";
import { compressedMetadata } from "./compress-upload.ts";
import { directoryFacts } from "./directory-facts.ts";
import { readUnchanged } from "./files-changing.ts";

/** The metadata of a directory, ready to be sent. */
export interface LocalMetadata {
  readonly envelope: UploadEnvelope;
  readonly from: UploadedDirectory;
  /** What is wrong with it, but does not keep Hasura from using it, as sentences. */
  readonly warnings: readonly string[];
  /** An event of the function with the places in the files of the directory, which the function does not know. */
  readonly withPlaces: <E extends RunEvent | UnknownEvent>(event: E) => E;
}

type MetadataContext = Pick<CliContext, "now" | "capture"> & {
  /** The disk, if absent. */
  readonly fs?: FileSystem;
};

/**
 * Reads the metadata of a project. It never mixes two states: files that change while they are read are read again.
 * @throws Failure usage, as `refuseMissing`, `readProjectConfig` and `projectMetadata` do, usage/files-changing and
 * usage/upload-too-large
 */
export async function localMetadata(
  root: string,
  context: MetadataContext,
): Promise<LocalMetadata> {
  const { fs = realFileSystem, now } = context;
  return readUnchanged(
    root,
    () => observedDisk(fs, now),
    (disk) => readLocalMetadata(root, disk, context),
  );
}

async function readLocalMetadata(
  root: string,
  fs: FileSystem,
  context: MetadataContext,
): Promise<LocalMetadata> {
  const [{ document, warnings }, from] = await Promise.all([
    metadataIn(root, fs),
    directoryFacts(root, context),
  ]);
  const { value, configVersion } = document;
  return {
    envelope: compressedMetadata({ format: 1, configVersion, from, document: value }),
    from,
    warnings: warnings.map(problemText),
    withPlaces: (event) => placedEvent(event, document),
  };
}

/** A project without migrations may have metadata, too. */
async function metadataIn(root: string, fs: FileSystem): Promise<ProjectMetadata> {
  refuseMissing(root);
  const config = await readProjectConfig(root, fs);
  return projectMetadata({ root, configVersion: config?.version ?? 3 }, fs);
}

function placedEvent<E extends RunEvent | UnknownEvent>(event: E, document: MetadataDocument): E {
  switch (event.type) {
    case "metadata.diff":
      return { ...event, changes: event.changes.map((change) => placed(change, document)) };
    case "run.failed": {
      const { metadata } = event.failure;
      if (metadata === undefined) return event;
      return {
        ...event,
        failure: { ...event.failure, metadata: placedRefusal(metadata, document) },
      };
    }
    default:
      return event;
  }
}

function placedRefusal(
  { inconsistent, refused, ...others }: MetadataRefusal,
  document: MetadataDocument,
): MetadataRefusal {
  return {
    ...others,
    ...(inconsistent && { inconsistent: inconsistent.map((each) => placed(each, document)) }),
    ...(refused && { refused: placed(refused, document) }),
  };
}

function placed<T extends Pick<MetadataChange, "at" | "place">>(
  object: T,
  document: MetadataDocument,
): T {
  const place = object.at && document.placeOf(object.at);
  return place ? { ...object, place } : object;
}
