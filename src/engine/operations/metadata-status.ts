import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import type { MetadataSession } from "../metadata/open-session.ts";
import { statusEvent } from "../metadata/status-event.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

/** `metadata-status`: which objects of the server's metadata are inconsistent, and since when according to the ledger. */
export async function showMetadataStatus(
  session: MetadataSession,
  engine: EngineContext,
): Promise<RunResult> {
  await emit(engine, await statusEvent(session.early, session));
  return nothingDone;
}
