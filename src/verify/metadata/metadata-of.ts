import { readProjectMetadata } from "../../engine/project/project-metadata.ts";
import type { Project } from "../../engine/project/project.ts";
import type { MetadataProblem } from "../../metadata/problem.ts";
import type { ReadMetadata } from "../../metadata/project/read-metadata.ts";
import type { VerifyProblem } from "../../protocol/verification.ts";

/** Reads the metadata of a project. Without any, there is no document and no problem. */
export async function metadataOf(project: Project): Promise<ReadMetadata> {
  return (await readProjectMetadata(project)) ?? { problems: [] };
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
