import { compareMetadata } from "../../metadata/diff/compare-metadata.ts";
import { asVersion3 } from "../../metadata/diff/version-3.ts";
import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import type { MetadataChange } from "../../protocol/metadata-change.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import { noMetadata } from "../project/project-metadata.ts";
import { waitUntilReady } from "../hasura/wait-until-ready.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

/** `metadata-diff`: what applying the project's metadata would change. Throws what reading the project's metadata does. */
export async function showMetadataDiff(engine: EngineContext): Promise<RunResult> {
  if (engine.projectMetadata === undefined) throw noMetadata();
  const project = await engine.projectMetadata();
  const server = await waitUntilReady(engine, () => engine.hasura.readMetadata());
  await emit(engine, {
    type: "metadata.diff",
    resourceVersion: server.resourceVersion,
    changes: changesBetween(server, project),
    inconsistent: [...server.inconsistent],
  });
  return nothingDone;
}

/** What applying the project's metadata would change on the server, with the places in the project's files. */
function changesBetween({ document }: ServerMetadata, project: MetadataDocument): MetadataChange[] {
  const { document: wanted, pathInFiles } = asVersion3(project, document);
  return compareMetadata(document, wanted).map(({ at, ...change }) => {
    const path = at && pathInFiles(at);
    const place = path && project.placeOf(path);
    return { ...change, ...(path && { at: [...path] }), ...(place && { place }) };
  });
}
