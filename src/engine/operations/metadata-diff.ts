import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { diffEvent, differencesFrom } from "../metadata/differences.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import { noMetadata } from "../project/project-metadata.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

/** `metadata-diff`: what applying the project's metadata would change. Throws what reading the project's metadata does. */
export async function showMetadataDiff(engine: EngineContext): Promise<RunResult> {
  if (engine.projectMetadata === undefined) throw noMetadata();
  const project = await engine.projectMetadata();
  await emit(engine, diffEvent(differencesFrom(await readServerMetadata(engine), project)));
  return nothingDone;
}
