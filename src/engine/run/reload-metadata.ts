import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import type { InconsistentObject } from "../hasura/client.ts";
import { emit, warn } from "../emit.ts";
import { recordQuietly } from "../metadata/record-replacement.ts";
import { newlyInconsistent } from "../metadata/newly-inconsistent.ts";

/** The inconsistent objects before the run; undefined if Hasura could not list them, and then none is attributed to the run. */
type InconsistentBefore =
  Promise<readonly InconsistentObject[] | undefined> | readonly InconsistentObject[] | undefined;

/** Lists the inconsistent objects; never rejects. */
export function inconsistentObjectsBefore(engine: EngineContext): InconsistentBefore {
  return engine.hasura.inconsistentObjects().catch(() => undefined);
}

/** What is reloaded after migrations, and what is known about it. */
export interface Reload {
  /** Names of the databases. */
  readonly touched: readonly string[];
  readonly before: InconsistentBefore;
  readonly strict: boolean;
  /** Records which objects are inconsistent afterwards, if they are not the same as before. */
  readonly record: (inconsistent: readonly InconsistentObject[]) => Promise<void> | undefined;
}

/**
 * Reloads Hasura's metadata so that it sees the new schema, and reports which objects the run has broken, compared by name.
 * Returns a failure (`metadata/inconsistent`, exit code 7) if `strict`; otherwise it only warns.
 */
export async function reloadMetadata(
  { touched, before, strict, record }: Reload,
  engine: EngineContext,
): Promise<Failure | undefined> {
  const startedAt = engine.now();
  try {
    const [known, now] = [await before, await engine.hasura.reloadMetadata(touched)];
    const broken = newlyInconsistent(now, known ?? now);
    await emit(engine, {
      type: "metadata.reloaded",
      tookMs: Math.max(0, engine.now() - startedAt),
      inconsistent: {
        broken: broken.map(({ type, name, reason }) => ({ type, name, reason })),
        before: now.length - broken.length,
      },
    });
    const isChanged = broken.length > 0 || now.length !== (known ?? now).length;
    if (isChanged) await recordQuietly(() => record(now), engine);
    return await assess(broken, now.length, strict, engine);
  } catch (error) {
    const failure = hasuraFailure(error, "reloading its metadata");
    const reason = failure instanceof Error ? failure.message : String(failure);
    await warn(
      engine,
      "reload-failed",
      `The schema has changed, but Hasura did not reload its metadata. ${reason}`,
    );
    return undefined;
  }
}

/** Warns about inconsistent metadata, or makes a failure of it. */
async function assess(
  broken: readonly InconsistentObject[],
  all: number,
  strict: boolean,
  engine: EngineContext,
): Promise<Failure | undefined> {
  if (all === 0) return undefined;
  const message =
    broken.length > 0
      ? `The schema has changed, and Hasura's metadata no longer matches it: ${shortenList(broken.map(({ name }) => name))}.`
      : `Hasura's metadata has ${count(all)}, as before this run.`;
  if (strict && broken.length > 0) {
    return new Failure("metadata", "metadata-inconsistent", message, {
      hints: [textHint("Apply metadata that matches the new schema.")],
    });
  }
  await warn(engine, "metadata-inconsistent", message);
  return undefined;
}

function count(objects: number): string {
  return objects === 1 ? "1 inconsistent object" : `${String(objects)} inconsistent objects`;
}
