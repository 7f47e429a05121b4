import { metadataFiles, metadataLayout } from "../../engine/project/metadata-files.ts";
import type { Project } from "../../engine/project/project.ts";
import type { MetadataProblem } from "../../metadata/problem.ts";
import { readMetadata } from "../../metadata/project/read-metadata.ts";
import type { VerifyProblem } from "../../protocol/verification.ts";

/** What is wrong with the metadata of a project: what cannot be read, and what Hasura would refuse. */
export async function metadataProblems(project: Project): Promise<readonly VerifyProblem[]> {
  const layout = await metadataLayout(project);
  if (layout === undefined) return [];
  const read = await readMetadata(layout, metadataFiles(project.root, layout));
  return (read?.problems ?? []).map(verifyProblem);
}

function verifyProblem({ severity, code, message, place, advice }: MetadataProblem): VerifyProblem {
  return {
    ...{ severity, code },
    message: advice === undefined ? message : `${message} ${advice}`,
    ...place,
  };
}
