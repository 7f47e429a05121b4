import { dirname, join, posix } from "node:path";
import type { Entry, FileState, FileSystem } from "../../engine/project/file-system.ts";
import { git, gitBytes } from "./git.ts";

interface TreeFile {
  readonly hash: string;
  readonly size: number;
  readonly isLink: boolean;
}

/**
 * The files of one commit, as a file system, at the paths that they have when checked out. Only reading runs Git.
 */
export async function filesOfRevision(
  directory: string,
  revision: { readonly commit: string; readonly prefix: string },
): Promise<FileSystem> {
  const { commit, prefix } = revision;
  const top = join(
    directory,
    ...prefix
      .split("/")
      .filter((part) => part !== "")
      .map(() => ".."),
  );
  const listed = await git(directory, "ls-tree", "-r", "-z", "-l", "--full-tree", commit);
  const files = new Map<string, TreeFile>();
  for (const line of (listed ?? "").split("\0")) {
    const [, mode, kind, hash = "", size, path = ""] =
      /^(\d+) (\w+) (\w+) +(\d+|-)\t([^]*)$/.exec(line) ?? [];
    if (kind !== "blob") continue;
    files.set(join(top, path), { hash, size: Number(size), isLink: mode === "120000" });
  }
  return treeFiles(directory, files);
}

function treeFiles(directory: string, files: ReadonlyMap<string, TreeFile>): FileSystem {
  const directories = entriesByDirectory(files);
  return {
    list: (path) => {
      const entries = directories.get(normal(path));
      if (entries === undefined) throw missing(path);
      return [...entries].map(([name, kind]) => ({ name, kind }));
    },
    stat: (path) => {
      const file = files.get(normal(path));
      if (file && !file.isLink) return stateOf("file", file.size);
      if (directories.has(normal(path))) return stateOf("directory", 0);
      throw missing(path);
    },
    realPath: normal,
    read: async (path) => {
      const file = files.get(normal(path));
      const bytes = file && (await gitBytes(directory, "cat-file", "blob", file.hash));
      if (bytes === undefined) throw missing(path);
      return bytes;
    },
    isWritable: () => false,
  };
}

function entriesByDirectory(
  files: ReadonlyMap<string, TreeFile>,
): ReadonlyMap<string, ReadonlyMap<string, Entry["kind"]>> {
  const directories = new Map<string, Map<string, Entry["kind"]>>();
  const add = (path: string, kind: Entry["kind"]): void => {
    const parent = dirname(path);
    if (parent === path) return;
    const entries = directories.get(parent) ?? new Map<string, Entry["kind"]>();
    const isNew = !directories.has(parent);
    directories.set(parent, entries.set(posix.basename(path.replaceAll("\\", "/")), kind));
    if (isNew) add(parent, "directory");
  };
  for (const [path, { isLink }] of files) add(path, isLink ? "link" : "file");
  return directories;
}

function stateOf(kind: FileState["kind"], size: number): FileState {
  return { kind, size, device: 0, inode: 0, modifiedMs: 0, changedMs: 0 };
}

const normal = (path: string): string => join(path);

function missing(path: string): Error {
  return Object.assign(new Error(`${path} is not in this revision`), { code: "ENOENT" });
}
