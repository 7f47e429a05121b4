import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { MetadataFailure, type MetadataProblem } from "../../metadata/problem.ts";
import { readMetadata } from "../../metadata/project/read-metadata.ts";
import { realFileSystem, type FileSystem } from "./file-system.ts";
import { noMetadata } from "./no-metadata.ts";
import { metadataFiles, metadataLayout } from "./metadata-files.ts";
import type { Project } from "./project.ts";

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
  const layout = await metadataLayout(project, fs);
  const read = layout && (await readMetadata(layout, metadataFiles(project.root, layout, fs)));
  if (read === undefined) throw noMetadata();
  const [error, ...others] = read.problems.filter(({ severity }) => severity === "error");
  if (error !== undefined) throw new MetadataFailure(withCount(error, others.length));
  if (read.document === undefined) throw noMetadata();
  return { document: read.document, warnings: read.problems };
}

function withCount(problem: MetadataProblem, others: number): MetadataProblem {
  if (others === 0) return problem;
  const rest = `${String(others)} more ${others === 1 ? "problem" : "problems"}`;
  return {
    ...problem,
    message: `${problem.message} There ${others === 1 ? "is" : "are"} ${rest}.`,
  };
}
