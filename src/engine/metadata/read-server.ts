import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { EngineContext } from "../context.ts";
import { HasuraCallError, type ServerMetadata } from "../hasura/client.ts";
import { waitUntilReady } from "../hasura/wait-until-ready.ts";

/**
 * The server's whole metadata. Waits for Hasura.
 * @throws Failure usage/metadata-version for a server with an older metadata version than 3, and what reaching Hasura throws
 */
export function readServerMetadata(engine: EngineContext): Promise<ServerMetadata> {
  return waitUntilReady(engine, () => readMetadataNow(engine));
}

/** The server's whole metadata, without waiting for Hasura. */
export async function readMetadataNow(engine: EngineContext): Promise<ServerMetadata> {
  try {
    return await engine.hasura.readMetadata();
  } catch (error) {
    throw await asOldServer(error, engine);
  }
}

/** Servers with an older metadata version know neither the path nor the version of the request. */
async function asOldServer(error: unknown, { hasura }: EngineContext): Promise<unknown> {
  const mayBeOld =
    error instanceof HasuraCallError && (error.status === 404 || error.code === "parse-failed");
  if (!mayBeOld) return error;
  const metadata = await hasura.exportMetadata().catch(() => undefined);
  return metadata !== undefined && metadata.version < 3 ? oldServer(metadata.version) : error;
}

/** The failure for a server with an older metadata version. */
function oldServer(version: number): Failure {
  return new Failure(
    "usage",
    "metadata-version",
    `This Hasura server has metadata version ${String(version)}; reading and applying metadata needs version 3 (Hasura 2).`,
    { hints: [textHint("Upgrade Hasura, or use the Hasura CLI of the same version.")] },
  );
}
