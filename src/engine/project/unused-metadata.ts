import { posix } from "node:path";
import type { MetadataLayout } from "../../metadata/project/metadata-files.ts";
import type { MetadataProblem } from "../../metadata/problem.ts";
import { shortenList } from "../../shorten-list.ts";
import { errorCode } from "../../system-error.ts";
import type { Entry, FileSystem } from "./file-system.ts";

/**
 * A warning about files of metadata that nothing includes; undefined if there are none.
 * @param used the paths of the files that were read, from the project's root
 */
export function unusedMetadata(
  root: string,
  { directory, file }: MetadataLayout,
  used: ReadonlySet<string>,
  fs: FileSystem,
): MetadataProblem | undefined {
  // With a single file, the directory is not used at all.
  if (file !== undefined) return undefined;
  const unused = filesBelow(root, directory, fs).filter((path) => !used.has(path));
  if (unused.length === 0) return undefined;
  const [what, theyHave] =
    unused.length === 1 ? ["file", "it has"] : [`${String(unused.length)} files`, "they have"];
  return {
    severity: "warning",
    code: "metadata-ignored",
    message: `No other file includes the ${what} ${shortenList(unused)}, so ${theyHave} no effect.`,
  };
}

const kinds = [".yaml", ".yml", ".graphql"];

/** The files of metadata in a directory and below; paths are from the project's root. Links are not followed. */
function filesBelow(root: string, directory: string, fs: FileSystem): string[] {
  return entriesOf(posix.join(root, directory), fs).flatMap(({ name, kind }) => {
    const path = posix.join(directory, name);
    if (kind === "directory") return filesBelow(root, path, fs);
    return kind === "file" && kinds.some((end) => name.endsWith(end)) ? [path] : [];
  });
}

function entriesOf(path: string, fs: FileSystem): readonly Entry[] {
  try {
    return fs.list(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(errorCode(error) ?? "")) return [];
    throw error;
  }
}
