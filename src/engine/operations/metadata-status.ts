import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import type { MetadataSession } from "../metadata/open-session.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import { statusEvent } from "../metadata/status-event.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

/** `metadata-status`: what of the server's metadata is inconsistent, and what the ledger knows about that. */
export async function showMetadataStatus(
  session: MetadataSession,
  engine: EngineContext,
): Promise<RunResult> {
  await emit(engine, await statusEvent(await readServerMetadata(engine), session));
  return nothingDone;
}
