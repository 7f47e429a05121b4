import { decodeText } from "../../decode-text.ts";
import { Failure } from "../../protocol/failure.ts";
import { SourceText } from "../document/source-text.ts";
import { unreadable } from "../problem.ts";
import type { MetadataFiles } from "./metadata-files.ts";

/**
 * Reads a file of the metadata; undefined if it does not exist.
 * @throws MetadataFailure for one that cannot be read, is outside of the project, or is not text
 */
export async function readSource(
  path: string,
  files: MetadataFiles,
): Promise<SourceText | undefined> {
  const start = { source: new SourceText(path, ""), offset: 0 };
  const bytes = await files.read(path).catch((thrown: unknown) => {
    throw thrown instanceof Failure ? unreadable(start, thrown.message) : thrown;
  });
  if (bytes === undefined) return undefined;
  const { text, encoding } = decodeText(bytes);
  if (text !== undefined) return new SourceText(path, text);
  const is = encoding === "unknown" ? "not valid UTF-8" : encoding;
  throw unreadable(start, `The file is ${is}.`, "Save the file as UTF-8.");
}
