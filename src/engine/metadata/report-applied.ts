import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import { namesOf, type Differences } from "./differences.ts";
import { ignoredKeys } from "./ignored-keys.ts";
import { newlyInconsistent } from "./newly-inconsistent.ts";
import type { ReplacedMetadata } from "./replace-metadata.ts";

/**
 * Reports that metadata was replaced, and what may need attention: inconsistent objects, keys that Hasura does not know, and what
 * others have changed since.
 */
export async function reportApplied(
  { resourceVersion, left, before: replaced }: ReplacedMetadata,
  { server: before, changes }: Differences,
  tookMs: number,
  engine: EngineContext,
): Promise<void> {
  const inconsistent = left?.server.inconsistent ?? [];
  const broken = newlyInconsistent(inconsistent, before.inconsistent);
  await emit(engine, {
    type: "metadata.applied",
    resourceVersion,
    objects: changes.filter(({ isInside }) => !isInside).length,
    tookMs,
    inconsistent: { broken, before: inconsistent.length - broken.length },
  });
  if (left === undefined)
    await warn(
      engine,
      "metadata-not-read",
      "Hasura has applied the metadata, but did not respond when it was read afterwards.",
    );
  else await warnOfDifferences(left, replaced, engine);
}

async function warnOfDifferences(
  left: Differences,
  before: ServerMetadata,
  engine: EngineContext,
): Promise<void> {
  const isUntouched = left.server.resourceVersion === before.resourceVersion + 1;
  const { keys, others } = ignoredKeys(left, isUntouched);
  if (keys.length > 0)
    await warn(
      engine,
      "metadata-key-unknown",
      `This version of Hasura does not recognise these keys and ignored them: ${shortenList(keys)}.`,
    );
  if (others.length > 0)
    await warn(
      engine,
      "metadata-differs",
      `The metadata was applied, but the server's still differs from the project's in ${namesOf(others)}: someone else changed it, or Hasura stores it in a different form.`,
    );
}
