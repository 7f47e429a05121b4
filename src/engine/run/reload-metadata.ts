import { Failure } from "../../protocol/failure.ts";
import type { EngineContext } from "../context.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import type { InconsistentObject } from "../hasura/client.ts";
import { emit, warn } from "../emit.ts";

/**
 * What was inconsistent before the run, asked while the run begins. A Hasura that cannot say so stops nothing: then nothing is
 * blamed on the run.
 */
export type Before = Promise<readonly InconsistentObject[] | undefined>;

/** Asks for the inconsistent objects; never rejects. */
export function inconsistentBefore(engine: EngineContext): Before {
  return engine.hasura.inconsistentObjects().catch(() => undefined);
}

/**
 * Lets Hasura see the new schema and says which metadata the run has broken, by comparing names. Answers a failure
 * (`metadata/inconsistent`, exit code 7) where that matters, and only warns elsewhere.
 */
export async function reloadAfter(
  touched: readonly string[],
  before: Before,
  strict: boolean,
  engine: EngineContext,
): Promise<Failure | undefined> {
  const startedAt = engine.now();
  try {
    const [known, now] = [await before, await engine.hasura.reloadMetadata(touched)];
    const names = new Set((known ?? now).map(nameOf));
    const broken = now.filter((it) => !names.has(nameOf(it)));
    await emit(engine, {
      type: "metadata.reloaded",
      tookMs: Math.max(0, engine.now() - startedAt),
      inconsistent: {
        broken: broken.map(({ type, name, reason }) => ({ type, name, reason })),
        before: now.length - broken.length,
      },
    });
    return await judge(broken, now.length, strict, engine);
  } catch (error) {
    const failure = hasuraFailure(error, "reloading its metadata");
    const reason = failure instanceof Error ? failure.message : String(failure);
    await warn(
      engine,
      "reload-failed",
      `The migrations are applied, but Hasura has not reloaded its metadata. ${reason}`,
    );
    return undefined;
  }
}

async function judge(
  broken: readonly InconsistentObject[],
  all: number,
  strict: boolean,
  engine: EngineContext,
): Promise<Failure | undefined> {
  if (all === 0) return undefined;
  const message =
    broken.length > 0
      ? `Applied, but Hasura's metadata no longer fits the schema: ${listed(broken)}.`
      : `Hasura's metadata has ${count(all)}, as before this run.`;
  if (strict && broken.length > 0) {
    return new Failure("metadata", "metadata-inconsistent", message, {
      hints: ["apply metadata that fits the new schema"],
    });
  }
  await warn(engine, "metadata-inconsistent", message);
  return undefined;
}

function listed(objects: readonly InconsistentObject[]): string {
  const names = objects.slice(0, 5).map((it) => it.name);
  return objects.length > 5
    ? `${names.join(", ")} and ${String(objects.length - 5)} more`
    : names.join(", ");
}

function count(objects: number): string {
  return objects === 1 ? "1 inconsistent object" : `${String(objects)} inconsistent objects`;
}

function nameOf({ type, name }: InconsistentObject): string {
  return `${type} ${name}`;
}
