import { brotliDecompressSync } from "node:zlib";
import { cleanText } from "../../clean-text.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { parseJson } from "../../protocol/json.ts";
import { metadataLimits, MetadataUpload } from "../../protocol/metadata-upload.ts";
import { SeedUpload } from "../../protocol/seed-upload.ts";
import { UploadDocument, uploadLimits, type UploadEnvelope } from "../../protocol/upload.ts";
import { errorCode } from "../../system-error.ts";
import { isBoundedJson, type JsonBounds } from "./bounded-json.ts";

/** Uploads of the CLI have four levels. */
const deepest = 6;
/** Uploads of the CLI have at most 14 values for each migration with files, six for each listed one, and the versions without a file. */
const mostValues = 250_000;

/**
 * The document of an upload. Memory and time are bounded at every step, because anyone could have made it: its compressed size, its expanded size, its
 * nesting and its number of values before it is parsed, then its shape. Throws usage (upload-too-large, upload-invalid).
 */
export function decodeUpload({ data }: UploadEnvelope): UploadDocument {
  const text = boundedText(data, { depth: deepest, values: mostValues });
  const parsed = UploadDocument.safeParse(parseJson(text));
  if (!parsed.success) throw invalid(problemsOf(parsed.error.issues));
  refuseDuplicates(parsed.data);
  return parsed.data;
}

/** Uploaded metadata, with the same bounds. Throws usage (upload-too-large, upload-invalid). */
export function decodeMetadata({ data }: UploadEnvelope): MetadataUpload {
  const { depth, values } = metadataLimits;
  const parsed = MetadataUpload.safeParse(parseJson(boundedText(data, { depth, values })));
  if (!parsed.success) throw invalid(problemsOf(parsed.error.issues));
  return parsed.data;
}

/** Uploaded seeds, with the bounds of uploaded migrations. Throws usage (upload-too-large, upload-invalid). */
export function decodeSeeds({ data }: UploadEnvelope): SeedUpload {
  const text = boundedText(data, { depth: deepest, values: mostValues });
  const parsed = SeedUpload.safeParse(parseJson(text));
  if (!parsed.success) throw invalid(problemsOf(parsed.error.issues));
  const seen = new Set<string>();
  for (const { database, name } of parsed.data.seeds) {
    const key = `${database}/${name}`;
    if (seen.has(key)) throw invalid(`it contains the seed ${name} of ${database} twice`);
    seen.add(key);
  }
  return parsed.data;
}

/** JSON that is safe to parse. */
function boundedText(data: string, bounds: JsonBounds): string {
  const text = utf8(expanded(compressed(data)));
  if (!isBoundedJson(text, bounds))
    throw invalid("it is nested too deeply, or has too many values");
  return text;
}

function compressed(data: string): Buffer {
  const { compressedBytes } = uploadLimits;
  if (data.length > Math.ceil(compressedBytes / 3) * 4)
    throw tooLarge(`it is larger than ${String(compressedBytes / 1e6)} MB compressed`);
  const bytes = Buffer.from(data, "base64");
  // Node's decoder skips characters that are not base64.
  if (bytes.toString("base64") !== data) throw invalid("it is not base64");
  return bytes;
}

function expanded(bytes: Buffer): Buffer {
  const { expandedBytes } = uploadLimits;
  try {
    return brotliDecompressSync(bytes, { maxOutputLength: expandedBytes });
  } catch (cause) {
    if (errorCode(cause) === "ERR_BUFFER_TOO_LARGE")
      throw tooLarge(`it is larger than ${String(expandedBytes / 1024 / 1024)} MB`);
    throw invalid("it cannot be decompressed");
  }
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid("it is not UTF-8");
  }
}

/** A version must be unique in a database, across all lists. */
function refuseDuplicates({ migrations, known, without }: UploadDocument): void {
  const seen = new Set<string>();
  const absent = without.flatMap(({ database, versions }) =>
    versions.map((version) => ({ database, version })),
  );
  for (const { database, version } of [...migrations, ...known, ...absent]) {
    const key = `${version} ${database}`;
    if (seen.has(key)) throw invalid(`it contains version ${version} of ${database} twice`);
    seen.add(key);
  }
  const hollow = migrations.find(({ up, down }) => !up && !down);
  if (hollow) throw invalid(`version ${hollow.version} in ${hollow.database} has no file`);
}

/** At most this many problems are listed. */
const namedAtMost = 3;

/** The positions and kinds of the problems, without the content at these positions. */
function problemsOf(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): string {
  const named = issues
    .slice(0, namedAtMost)
    .map(({ path, message }) => `${path.map(String).join(".") || "document"}: ${message}`);
  return cleanText(named.join("; "), 500);
}

function invalid(problem: string): Failure {
  return new Failure("usage", "upload-invalid", `The upload was refused: ${problem}.`, {
    hints: [textHint("Uploads are made by the hasura-migrate CLI, with --from DIRECTORY.")],
  });
}

function tooLarge(problem: string): Failure {
  return new Failure("usage", "upload-too-large", `The upload was refused: ${problem}.`, {
    hints: [textHint("Deploy an image that contains the large files, and upload the others.")],
  });
}
