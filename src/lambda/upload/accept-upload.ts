import type { Request } from "../../protocol/request.ts";
import type { MetadataUpload } from "../../protocol/metadata-upload.ts";
import type { SeedUpload } from "../../protocol/seed-upload.ts";
import type { UploadDocument } from "../../protocol/upload.ts";
import {
  refuseTooLargeTogether,
  uploadsNotAllowed,
  type UploadedKind,
} from "../../protocol/upload-failures.ts";
import { notWithHasuraCli } from "../hasura-cli/not-with-hasura-cli.ts";
import type { Settings } from "../settings.ts";
import { decodeMetadata, decodeSeeds, decodeUpload } from "./decode-upload.ts";

/** Whether the settings allow uploads; a protected environment needs `upload-when-protected` as well. */
export function takesUploads({
  engine,
  sources,
  protected: isProtected,
}: Pick<Settings, "engine" | "sources" | "protected">): boolean {
  if (engine !== "native" || !sources.includes("upload")) return false;
  return !isProtected || sources.includes("upload-when-protected");
}

/**
 * The upload of a request that was accepted; undefined for one that uses the image's migrations. Whether uploads are allowed is
 * checked before any of it is read. Throws usage (uploads-not-allowed, not-with-hasura-cli, upload-invalid, upload-too-large).
 */
export function acceptUpload(request: Request, settings: Settings): UploadDocument | undefined {
  const upload = "upload" in request ? request.upload : undefined;
  if (upload === undefined) return undefined;
  refuseUnlessAllowed("migrations", request, settings);
  return decodeUpload(upload);
}

/** The metadata that came with a request; undefined if that of the image is used. Throws the same failures as `acceptUpload`. */
export function acceptMetadata(request: Request, settings: Settings): MetadataUpload | undefined {
  const metadata = "metadata" in request ? request.metadata : undefined;
  if (metadata === undefined) return undefined;
  refuseUnlessAllowed("metadata", request, settings);
  if ("upload" in request && request.upload !== undefined)
    refuseTooLargeTogether(request.upload, metadata);
  return decodeMetadata(metadata);
}

/** The seeds that came with a request; undefined if those of the image are used. Throws the same failures as `acceptUpload`. */
export function acceptSeeds(request: Request, settings: Settings): SeedUpload | undefined {
  const seeds = "seeds" in request ? request.seeds : undefined;
  if (seeds === undefined) return undefined;
  refuseUnlessAllowed("seeds", request, settings);
  return decodeSeeds(seeds);
}

function refuseUnlessAllowed(
  what: UploadedKind,
  { environment }: Request,
  settings: Settings,
): void {
  if (settings.engine === "hasura-cli") throw notWithHasuraCli("an upload");
  if (!takesUploads(settings))
    throw uploadsNotAllowed(environment, { isProtected: settings.protected, what });
}
