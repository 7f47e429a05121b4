import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { Failure } from "../../protocol/failure.ts";
import { commandHint } from "../../protocol/hint.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import { isNoMetadata, noMetadata } from "../project/no-metadata.ts";
import { onlyDatabase } from "../project/project.ts";
import { differencesFrom, type Differences } from "./differences.ts";
import { sourcesIn } from "./intermediate.ts";
import { readServerMetadata } from "./read-server.ts";

/** The metadata of the project. Throws usage/no-metadata, and what reading it throws. */
export async function projectToApply({
  projectMetadata,
}: EngineContext): Promise<MetadataDocument> {
  if (projectMetadata === undefined) throw noMetadata();
  return projectMetadata();
}

/** The metadata that a deployment applies; undefined, with a notice, if the project has none and the request does not require it. */
export async function deployedProject(
  { options }: RequestOf<"apply" | "plan">,
  engine: EngineContext,
): Promise<MetadataDocument | undefined> {
  try {
    return await projectToApply(engine);
  } catch (error) {
    if (!isNoMetadata(error) || options.metadata !== "if-present") throw error;
    await emit(engine, {
      ...{ type: "log", level: "info", code: "no-metadata" },
      message: "The project has no metadata: only its migrations are deployed.",
    });
    return undefined;
  }
}

/** How the server's metadata differs from the project's now. Throws usage/config-too-old, and what reaching Hasura throws. */
export async function differencesNow(
  project: MetadataDocument,
  engine: EngineContext,
): Promise<Differences> {
  return differencesOf(project, await readServerMetadata(engine));
}

/** How a server's metadata differs from the project's. Throws usage/config-too-old. */
export function differencesOf(project: MetadataDocument, server: ServerMetadata): Differences {
  refuseOtherSources(project, server);
  return differencesFrom(server, project);
}

/** Metadata of config version 2 describes one database; applying it would remove every other one. */
function refuseOtherSources(
  { configVersion }: MetadataDocument,
  { document }: ServerMetadata,
): void {
  if (configVersion === 3) return;
  const names = [...sourcesIn(document).keys()];
  const others = names.filter((name) => name !== onlyDatabase);
  if (names.length > 0 && others.length === 0) return;
  throw new Failure(
    "usage",
    "config-too-old",
    names.length === 0
      ? "Metadata of config version 2 does not say how to connect its database, and no database is connected to Hasura."
      : `Metadata of config version 2 describes only the database default; applying it would remove ${others.join(", ")} from Hasura.`,
    {
      hints: [commandHint(["hasura", "scripts", "update-project-v3"], "upgrade the project")],
    },
  );
}
