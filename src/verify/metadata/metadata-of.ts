import { metadataFiles, metadataLayout } from "../../engine/project/metadata-files.ts";
import type { Project } from "../../engine/project/project.ts";
import type { MetadataProblem } from "../../metadata/problem.ts";
import { readMetadata, type ReadMetadata } from "../../metadata/project/read-metadata.ts";
import type { VerifyProblem } from "../../protocol/verification.ts";

/** Reads the metadata of a project. Without any, there is no document and no problem. */
export async function metadataOf(project: Project): Promise<ReadMetadata> {
  const layout = await metadataLayout(project);
  const read = layout && (await readMetadata(layout, metadataFiles(project.root, layout)));
  return read ?? { problems: [] };
}

/** A problem of the metadata as `verify` reports it. */
export function verifyProblem(problem: MetadataProblem): VerifyProblem {
  const { severity, code, message, place, advice } = problem;
  return {
    ...{ severity, code },
    message: advice === undefined ? message : `${message} ${advice}`,
    ...place,
  };
}
