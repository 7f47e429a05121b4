import type { EngineContext } from "../engine/context.ts";
import type { Project } from "../engine/project/project.ts";
import { uploadedMetadata } from "../metadata/document/metadata-document.ts";
import { problemText } from "../metadata/problem.ts";
import type { MetadataUpload } from "../protocol/metadata-upload.ts";
import type { SeedUpload } from "../protocol/seed-upload.ts";
import type { UploadDocument } from "../protocol/upload.ts";
import type { EventStream } from "./event-stream.ts";

/**
 * The metadata that came with the request, whose warnings the client has shown, or that of the image. Its reader is loaded on first use.
 */
export function metadataOf(
  image: () => Promise<Project>,
  uploaded: MetadataUpload | undefined,
  stream: EventStream,
): NonNullable<EngineContext["projectMetadata"]> {
  if (uploaded !== undefined) return async () => uploadedMetadata(uploaded);
  return async () => {
    const { projectMetadata } = await import("../engine/project/project-metadata.ts");
    const { document, warnings } = await projectMetadata(await image());
    for (const problem of warnings)
      await stream.emit({
        ...{ type: "log", level: "warning", code: problem.code },
        message: problemText(problem),
      });
    return document;
  };
}

/** The seeds that came with the request, or those of the image. Their reader is loaded on first use. */
export function seedsOf(
  image: () => Promise<Project>,
  uploaded: SeedUpload | undefined,
): NonNullable<EngineContext["projectSeeds"]> {
  if (uploaded !== undefined)
    return async () => {
      const { uploadedSeeds } = await import("../engine/project/uploaded-seeds.ts");
      return uploadedSeeds(uploaded);
    };
  return async () => {
    const { imageSeeds } = await import("../engine/project/image-seeds.ts");
    return imageSeeds(image);
  };
}

/** What came with a request. */
export interface Uploads {
  readonly upload?: UploadDocument;
  readonly metadata?: MetadataUpload;
  readonly seeds?: SeedUpload;
}
