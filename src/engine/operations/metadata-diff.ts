import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { projectToApply } from "../metadata/apply-project.ts";
import { diffEvent, differencesFrom } from "../metadata/differences.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

/** `metadata-diff`: what applying the project's metadata would change. Throws what reading the project's metadata does. */
export async function showMetadataDiff(engine: EngineContext): Promise<RunResult> {
  const project = await projectToApply(engine);
  await emit(engine, diffEvent(differencesFrom(await readServerMetadata(engine), project)));
  return nothingDone;
}
