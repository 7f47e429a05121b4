import { posix } from "node:path";
import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { MetadataFailure, type MetadataProblem } from "../../metadata/problem.ts";
import { readMetadata, type ReadMetadata } from "../../metadata/project/read-metadata.ts";
import { realFileSystem, type FileSystem } from "./file-system.ts";
import { noMetadata } from "./no-metadata.ts";
import { metadataFiles, metadataLayout } from "./metadata-files.ts";
import { Observations } from "./observations.ts";
import type { Project } from "./project.ts";
import { unusedMetadata } from "./unused-metadata.ts";

/** The metadata of a project that Hasura may get. */
export interface ProjectMetadata {
  readonly document: MetadataDocument;
  /** What is wrong with it, but does not keep Hasura from using it. */
  readonly warnings: readonly MetadataProblem[];
}

/**
 * The metadata of a project.
 * @throws Failure usage/no-metadata, usage/bad-metadata for the first thing that is wrong, and what reading its files throws
 */
export async function projectMetadata(
  project: Pick<Project, "root" | "home" | "configVersion">,
  fs: FileSystem = realFileSystem,
): Promise<ProjectMetadata> {
  const read = await readProjectMetadata(project, fs);
  if (read === undefined) throw noMetadata();
  const [error, ...others] = read.problems.filter(({ severity }) => severity === "error");
  if (error !== undefined) throw new MetadataFailure(withCount(error, others.length));
  if (read.document === undefined) throw noMetadata();
  return { document: read.document, warnings: read.problems };
}

/**
 * The project's metadata and everything that is wrong with it, as far as it can be read; undefined if there is no metadata.
 * @throws Failure usage/bad-project-config, and what reading its files throws
 */
export async function readProjectMetadata(
  project: Pick<Project, "root" | "home" | "configVersion">,
  fs: FileSystem = realFileSystem,
): Promise<ReadMetadata | undefined> {
  const layout = await metadataLayout(project, fs);
  if (layout === undefined) return undefined;
  const files = metadataFiles(project.root, layout, fs);
  // Never reported as unused: it is not read for config version 2, but other tools read it.
  const used = new Set([posix.join(layout.directory, "version.yaml")]);
  const read = await readMetadata(layout, {
    read: (path) => {
      used.add(posix.normalize(path));
      return files.read(path);
    },
  });
  // Where a file cannot be read, it is not known what it includes.
  if (read?.document === undefined) return read;
  const unused = unusedMetadata(project.root, layout, used, fs);
  return unused ? { ...read, problems: [...read.problems, unused] } : read;
}

/** A file system that remembers what is read from it, and can check whether that is unchanged. Listings are not checked. */
export interface ObservedDisk {
  readonly fs: FileSystem;
  readonly isUnchanged: () => Promise<boolean>;
}

/** `now`: epoch milliseconds, to be compared with the times of files. */
export function observedDisk(fs: FileSystem, now: () => number): ObservedDisk {
  const seen = new Observations(fs, now);
  const { fileSystem } = seen;
  return {
    fs: {
      ...fs,
      read: (path) => fileSystem.read(path),
      realPath: (path) => fileSystem.realPath(path),
    },
    isUnchanged: async () => (await seen.change()) === "none",
  };
}

/** The same, also for the names of the files in each directory. */
export function observedDirectories(fs: FileSystem, now: () => number): ObservedDisk {
  const seen = new Observations(fs, now);
  return {
    fs: seen.fileSystem,
    // What was read is compared itself, however soon after a change that was.
    isUnchanged: async () => ["none", "too-soon"].includes(await seen.change()),
  };
}

function withCount(problem: MetadataProblem, others: number): MetadataProblem {
  if (others === 0) return problem;
  const rest = `${String(others)} more ${others === 1 ? "problem" : "problems"}`;
  return {
    ...problem,
    message: `${problem.message} There ${others === 1 ? "is" : "are"} ${rest}.`,
  };
}
