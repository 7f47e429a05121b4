import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { RequestOf } from "../../protocol/request.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import type { InconsistentObject } from "../hasura/client.ts";
import { recordQuietly } from "../metadata/record-replacement.ts";
import { checksumOfMetadata } from "../metadata/differences.ts";
import { newlyInconsistent } from "../metadata/newly-inconsistent.ts";
import type { MetadataSession } from "../metadata/open-session.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import { statusEvent } from "../metadata/status-event.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

/**
 * `metadata-reload`: makes Hasura read the schemas of its databases and its remote schemas again, shows the inconsistent objects, and
 * records them. A dry run shows the state of the metadata. Throws `metadata/metadata-inconsistent` if there are any, and what reaching Hasura throws.
 */
export async function reloadAllMetadata(
  { options }: RequestOf<"metadata-reload">,
  session: MetadataSession,
  engine: EngineContext,
): Promise<RunResult> {
  const before = await readServerMetadata(engine);
  if (options.dryRun === true) {
    await emit(engine, await statusEvent(before, session));
    return nothingDone;
  }
  const startedAt = engine.now();
  await engine.hasura.reloadAll({ recreateEventTriggers: options.recreateEventTriggers ?? false });
  const tookMs = Math.max(0, engine.now() - startedAt);
  const after = await readServerMetadata(engine);
  const { inconsistent, resourceVersion: version, document } = after;
  await recordQuietly(
    () => session.record?.end(1, { version, checksum: checksumOfMetadata(document), inconsistent }),
    engine,
  );
  const broken = newlyInconsistent(inconsistent, before.inconsistent);
  await emit(engine, {
    type: "metadata.reloaded",
    tookMs,
    inconsistent: { broken, before: inconsistent.length - broken.length },
  });
  await emit(engine, await statusEvent(after, session));
  if (inconsistent.length > 0) throw stillInconsistent(inconsistent);
  return nothingDone;
}

function stillInconsistent(objects: readonly InconsistentObject[]): Failure {
  const names = shortenList(objects.map(({ name }) => name));
  return new Failure(
    "metadata",
    "metadata-inconsistent",
    `Hasura has reloaded its metadata; ${objects.length === 1 ? "1 object is" : `${String(objects.length)} objects are`} inconsistent: ${names}.`,
    {
      hints: [
        textHint(
          "Fix the cause that is shown for each object (in the database, the Hasura server's environment or the metadata), then reload again.",
        ),
      ],
    },
  );
}
