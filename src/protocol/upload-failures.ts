import { Failure } from "./failure.ts";
import { retryHint, textHint } from "./hint.ts";
import { uploadLimits, type UploadEnvelope } from "./upload.ts";

/** What a request can upload from a client's directory. */
export type UploadedKind = "migrations" | "metadata" | "seeds";

/** For an environment that uses only what is in its image. The CLI and the function both check this. */
export function uploadsNotAllowed(
  environment: string,
  { isProtected, what }: { readonly isProtected: boolean; readonly what: UploadedKind },
): Failure {
  const needed = isProtected ? "image,upload,upload-when-protected" : "image,upload";
  const why = isProtected ? `${environment} is protected and does` : `${environment} does`;
  return new Failure(
    "usage",
    "uploads-not-allowed",
    `${why} not accept uploaded ${what}; nothing was run.`,
    {
      hints: [
        retryHint({
          without: ["--from"],
          with: ["--image"],
          reason: `to use the ${what} in its image`,
        }),
        textHint(
          `To allow uploads, set HASURA_MIGRATE_SOURCES=${needed} in the function's environment.`,
        ),
      ],
    },
  );
}

/** Throws usage/upload-too-large for migrations and metadata that do not fit into one request. */
export function refuseTooLargeTogether(upload: UploadEnvelope, metadata: UploadEnvelope): void {
  const { compressedBytes } = uploadLimits;
  if (upload.data.length + metadata.data.length <= Math.ceil(compressedBytes / 3) * 4) return;
  throw new Failure(
    "usage",
    "upload-too-large",
    `The migrations and the metadata together have more than ${String(compressedBytes / 1e6)} MB after compression; nothing was run.`,
    {
      hints: [
        retryHint({
          with: ["--no-metadata"],
          without: ["--metadata"],
          reason: "apply the migrations, and then the metadata with `metadata apply`",
        }),
      ],
    },
  );
}
