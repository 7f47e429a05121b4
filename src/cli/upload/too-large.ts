import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";
import type { UploadedKind } from "../../protocol/upload-failures.ts";
import { uploadLimits } from "../../protocol/upload.ts";

/** A file to be uploaded; its size in bytes. */
export interface UploadedFile {
  readonly path: string;
  readonly size: number;
}

type FileKind = Exclude<UploadedKind, "metadata">;

const described: Readonly<Record<FileKind, string>> = {
  migrations: "local migrations that the image lacks",
  seeds: "local seeds that would be run",
};

/** Throws `usage/upload-too-large` before reading files that could not be sent in any case. */
export function refuseTooLarge(
  files: readonly UploadedFile[],
  what: FileKind = "migrations",
): void {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > mostBytes) throw uploadTooLarge(files, what);
}

/** Throws `usage/upload-too-large` for more migrations than an upload may contain, whatever their size. */
export function refuseTooMany(count: number, most: number): void {
  if (count <= most) return;
  throw new Failure(
    "usage",
    "upload-too-large",
    `There are ${String(count)} ${described.migrations}, but an upload can contain at most ${String(most)}. Nothing was run.`,
    { hints: [textHint("Deploy an image that contains some of them, then upload the rest.")] },
  );
}

/** `usage/upload-too-large`, with the largest of the files. */
export function uploadTooLarge(
  files: readonly UploadedFile[],
  what: FileKind = "migrations",
): Failure {
  const largest = files.toSorted((a, b) => b.size - a.size).slice(0, namedAtMost);
  const names = largest.map(({ path, size }) => `${path} (${inMegabytes(size)} MB)`);
  return new Failure(
    "usage",
    "upload-too-large",
    `The ${described[what]} are too large to be uploaded: at most ${inMegabytes(uploadLimits.compressedBytes)} MB after compression and about ${inMegabytes(mostBytes)} MB before. The largest: ${names.join(", ")}. Nothing was run.`,
    {
      hints: [
        deploy,
        retryHint({
          without: ["--from"],
          with: ["--image"],
          reason: `to use the ${what} of the image`,
        }),
      ],
    },
  );
}

/** `usage/upload-too-large` for metadata. */
export function metadataTooLarge(): Failure {
  return new Failure(
    "usage",
    "upload-too-large",
    `The local metadata is too large to be sent: at most ${inMegabytes(uploadLimits.compressedBytes)} MB after compression and ${inMegabytes(uploadLimits.expandedBytes)} MB before. Nothing was run.`,
    {
      hints: [
        textHint("Deploy an image that contains this metadata."),
        retryHint({
          without: ["--from"],
          with: ["--image"],
          reason: "to use the migrations and the metadata of the image",
        }),
      ],
    },
  );
}

/** Bytes of files that can be sent: in JSON, quotation marks and line feeds are longer. */
const mostBytes = uploadLimits.expandedBytes * 0.9;

/** At most this many files are listed. */
const namedAtMost = 3;

const deploy = textHint(
  "Deploy an image that contains the large files, or load the data another way; then upload the rest.",
);

function inMegabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
