import type { JsonMap } from "../document/json.ts";
import { metadataDocument, type MetadataDocument } from "../document/metadata-document.ts";
import { SourceText } from "../document/source-text.ts";
import { MetadataFailure, type MetadataProblem } from "../problem.ts";
import { ExpandedSize } from "../yaml/expanded-size.ts";
import { readActions } from "./action-files.ts";
import { checkDocument } from "./check-document.ts";
import { filesOfVersion2, filesOfVersion3, type LayoutFile } from "./layout-files.ts";
import { readListedFile } from "./listed-file.ts";
import type { MetadataFiles, MetadataLayout } from "./metadata-files.ts";
import { partOf, type Entry, type Part, type Reading } from "./part.ts";
import { readSingleFile } from "./single-file.ts";
import { readSources } from "./sources-file.ts";
import { readVersion } from "./version-file.ts";

/** The metadata of a project, as far as it can be read. */
export interface ReadMetadata {
  /** Absent if a file of it cannot be read. */
  readonly document?: MetadataDocument;
  /** If one of them is an error, the document must not be sent to Hasura. */
  readonly problems: readonly MetadataProblem[];
}

type ReadPart = (reading: Reading) => Promise<Part>;

/**
 * Reads the metadata of a project, with everything that is wrong with it. The document is the one that the Hasura CLI would send, and
 * keeps keys that only newer versions know (docs/internals/hasura-metadata.md, "The metadata directory"). Undefined if the project
 * has no metadata.
 */
export async function readMetadata(
  layout: MetadataLayout,
  files: MetadataFiles,
): Promise<ReadMetadata | undefined> {
  const reading = { layout, files, origins: new WeakMap(), size: new ExpandedSize() };
  const parts: (Part | MetadataFailure)[] = [];
  for (const read of partsOf(layout)) parts.push(await attempt(read, reading));
  if (parts.every((part) => "exists" in part && !part.exists)) return undefined;
  const problems = parts.flatMap((part) =>
    part instanceof MetadataFailure ? [part.problem] : part.problems,
  );
  const read = parts.filter((part) => "exists" in part);
  if (read.length < parts.length) return { problems };
  const document = documentOf(
    read.flatMap(({ entries }) => entries),
    reading,
  );
  return { document, problems: [...problems, ...checkDocument(document, layout)] };
}

async function attempt(read: ReadPart, reading: Reading): Promise<Part | MetadataFailure> {
  try {
    return await read(reading);
  } catch (thrown) {
    if (thrown instanceof MetadataFailure) return thrown;
    throw thrown;
  }
}

function partsOf({ configVersion, file }: MetadataLayout): readonly ReadPart[] {
  if (file !== undefined) return [(reading) => readSingleFile(file, reading)];
  const listed = (layoutFiles: readonly LayoutFile[]): ReadPart[] =>
    layoutFiles.map((each) => (reading) => readListedFile(each, reading));
  return configVersion === 3
    ? [readVersion, readSources, ...listed(filesOfVersion3), readActions]
    : [readVersion2, ...listed(filesOfVersion2), readActions];
}

/** The document of config version 2 has the version 2, whatever version.yaml contains. */
async function readVersion2(): Promise<Part> {
  return { ...partOf([{ key: "version", value: 2 }]), exists: false };
}

function documentOf(entries: readonly Entry[], { layout, origins }: Reading): MetadataDocument {
  const value: JsonMap = Object.fromEntries(entries.map((entry) => [entry.key, entry.value]));
  const spots = new Map(entries.map(({ key, spot }) => [key, spot]));
  origins.set(value, {
    source: new SourceText(layout.directory, ""),
    offset: 0,
    entry: (key) => spots.get(String(key)),
  });
  return metadataDocument(value, formOf(value, layout), origins);
}

/** A single file has the form of its own version. */
function formOf(value: JsonMap, { configVersion, file }: MetadataLayout): 2 | 3 {
  if (file === undefined) return configVersion;
  return value["version"] === 2 ? 2 : 3;
}
