import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { EngineContext } from "../context.ts";
import { HasuraCallError, type ServerMetadata } from "../hasura/client.ts";
import { waitUntilReady } from "../hasura/wait-until-ready.ts";

/**
 * The server's whole metadata. Waits for Hasura.
 * @throws Failure usage/metadata-version for a server before metadata version 3, and what reaching Hasura throws
 */
export function readServerMetadata(engine: EngineContext): Promise<ServerMetadata> {
  return waitUntilReady(engine, async () => {
    try {
      return await engine.hasura.readMetadata();
    } catch (error) {
      throw await asOldServer(error, engine);
    }
  });
}

/** Servers before metadata version 3 do not have the path of the request, nor its version. */
async function asOldServer(error: unknown, { hasura }: EngineContext): Promise<unknown> {
  const mayBeOld =
    error instanceof HasuraCallError && (error.status === 404 || error.code === "parse-failed");
  if (!mayBeOld) return error;
  const metadata = await hasura.exportMetadata().catch(() => undefined);
  return metadata !== undefined && metadata.version < 3 ? oldServer(metadata.version) : error;
}

/** The failure for a server whose metadata has another form. */
export function oldServer(version: number): Failure {
  return new Failure(
    "usage",
    "metadata-version",
    `This Hasura server has metadata version ${String(version)}; reading and applying metadata needs version 3 (Hasura 2).`,
    { hints: [textHint("Upgrade Hasura, or use the Hasura CLI of the same version.")] },
  );
}
