import { decodeText } from "../../decode-text.ts";
import { compareMetadata } from "../diff/compare-metadata.ts";
import type { ObjectChange } from "../diff/change.ts";
import { asVersion3 } from "../diff/version-3.ts";
import type { JsonMap } from "../document/json.ts";
import { MetadataFailure, type MetadataProblem } from "../problem.ts";
import type { MetadataFiles, MetadataLayout } from "../project/metadata-files.ts";
import { readMetadata } from "../project/read-metadata.ts";
import { changedParts, newParts, type ProjectPart } from "./changed-parts.ts";
import { inForm } from "./document-form.ts";
import { inSpellingOf } from "./keep-spelling.ts";

/** A file that an export changes. */
export interface FileChange {
  /** From the project's root. */
  readonly path: string;
  /** Undefined for a file that does not exist. */
  readonly before?: string;
  /** Undefined for a file that is removed. */
  readonly after?: string;
}

/** What writing a server's metadata to the files of a project would do. */
export interface ProjectExport {
  readonly changes: readonly FileChange[];
  /** What a project of this config version has no place for, such as `the database analytics`. */
  readonly leftOut: readonly string[];
  /** What the files cannot represent: objects that differ from the server's after writing. */
  readonly lost: readonly ObjectChange[];
}

/**
 * How the files of a project have to change to contain the metadata of a server. Objects that do not differ keep their text, and the
 * project keeps its own layout.
 * @throws MetadataFailure for a project whose metadata cannot be read, and for metadata that the files of a project cannot contain
 */
export async function exportProject(
  layout: MetadataLayout,
  files: MetadataFiles,
  server: JsonMap,
): Promise<ProjectExport> {
  const before = new Map<string, string>();
  const read = (await hasNoFile(layout, files))
    ? undefined
    : await readMetadata(layout, recording(files, before));
  const document = read?.document?.value;
  if (read !== undefined && document === undefined) throw unreadable(read.problems);
  const { document: wanted, leftOut } = inForm(server, layout);
  const after = document === undefined ? wanted : inSpellingOf(document, wanted);
  const project = { layout, texts: before, before: document ?? {}, after };
  const parts = document === undefined ? newParts(project) : changedParts(project);
  const checked = await withoutMistakes(parts, project);
  return {
    changes: await changesOf(checked.texts, before, { layout, files }),
    leftOut,
    lost: differences(checked.document, wanted, layout),
  };
}

/** True if the single file of the metadata does not exist, or is the empty one that the Hasura CLI creates in its place. */
async function hasNoFile({ file }: MetadataLayout, files: MetadataFiles): Promise<boolean> {
  return file !== undefined && ((await files.read(file))?.length ?? 0) === 0;
}

function unreadable(problems: readonly MetadataProblem[]): Error {
  const [first] = problems.filter(({ severity }) => severity === "error");
  return first === undefined
    ? new Error("metadata without a document")
    : new MetadataFailure(first);
}

/** Keeps the text of every file that is read. */
function recording(files: MetadataFiles, texts: Map<string, string>): MetadataFiles {
  return {
    read: async (path) => {
      const bytes = await files.read(path);
      const { text } = bytes === undefined ? {} : decodeText(bytes);
      if (text !== undefined) texts.set(path, text);
      return bytes;
    },
  };
}

interface Written {
  /** Every file that belongs to the metadata. */
  readonly texts: ReadonlyMap<string, string>;
  readonly document: JsonMap;
}

/** Reads what would be written. A part that has a wrong value is rewritten as a whole. */
async function withoutMistakes(
  parts: readonly ProjectPart[],
  { layout, after }: { readonly layout: MetadataLayout; readonly after: JsonMap },
): Promise<Written> {
  const { written: first } = await readTexts(
    parts.map(({ texts }) => texts),
    layout,
  );
  const wrong = parts.filter(
    ({ keys }) =>
      first === undefined ||
      differences(pick(first.document, keys), pick(after, keys), layout).length > 0,
  );
  if (wrong.length === 0 && first !== undefined) return first;
  const again = parts.map((part) => (wrong.includes(part) ? part.rewritten() : part.texts));
  const { written, problems } = await readTexts(again, layout);
  // Otherwise every file would count as one that is no longer needed.
  if (written === undefined) throw unreadable(problems);
  return written;
}

async function readTexts(
  parts: readonly ReadonlyMap<string, string>[],
  layout: MetadataLayout,
): Promise<{ readonly written?: Written; readonly problems: readonly MetadataProblem[] }> {
  const all = new Map(parts.flatMap((texts) => [...texts]));
  const texts = new Map<string, string>();
  const encoder = new TextEncoder();
  const files: MetadataFiles = {
    read: async (path) => {
      const text = all.get(path);
      return text === undefined ? undefined : encoder.encode(text);
    },
  };
  const read = await readMetadata(layout, recording(files, texts));
  const { document, problems = [] } = read ?? {};
  return { problems, ...(document && { written: { texts, document: document.value } }) };
}

function pick(document: JsonMap, keys: readonly string[]): JsonMap {
  return Object.fromEntries(Object.entries(document).filter(([key]) => keys.includes(key)));
}

function differences(
  is: JsonMap,
  wanted: JsonMap,
  { configVersion, file }: MetadataLayout,
): ObjectChange[] {
  const version3 = (value: JsonMap): JsonMap =>
    file === undefined ? asVersion3({ value, configVersion }, {}).document : value;
  return compareMetadata(version3(is), version3(wanted));
}

/** The files that differ on disk. One that is no longer read is removed, if it is in the metadata directory. */
async function changesOf(
  after: ReadonlyMap<string, string>,
  before: ReadonlyMap<string, string>,
  { layout, files }: { readonly layout: MetadataLayout; readonly files: MetadataFiles },
): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  for (const [path, text] of after) {
    // A new file may have the path of an existing one that was not part of the metadata.
    const known = before.get(path) ?? (await textOf(path, files));
    if (known !== text)
      changes.push({ path, ...(known !== undefined && { before: known }), after: text });
  }
  for (const [path, text] of before)
    if (!after.has(path) && path.startsWith(`${layout.directory}/`))
      changes.push({ path, before: text });
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function textOf(path: string, files: MetadataFiles): Promise<string | undefined> {
  const bytes = await files.read(path);
  return bytes === undefined ? undefined : (decodeText(bytes).text ?? "");
}
