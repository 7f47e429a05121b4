import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import { namesOf, type Differences } from "./differences.ts";
import { newlyInconsistent } from "./newly-inconsistent.ts";
import type { ReplacedMetadata } from "./replace-metadata.ts";

/**
 * Reports that metadata was replaced, and what may need attention: inconsistent objects, keys that Hasura does not know, and what
 * others have changed since.
 */
export async function reportApplied(
  { resourceVersion, left }: ReplacedMetadata,
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
  else await warnOfDifferences(left, engine);
}

async function warnOfDifferences(left: Differences, engine: EngineContext): Promise<void> {
  if (left.changes.length === 0) return;
  const unknown = unknownKeys(left.wanted, left.server.document);
  if (unknown.length > 0) {
    await warn(
      engine,
      "metadata-key-unknown",
      `This version of Hasura does not know these keys, and ignored them: ${shortenList(unknown)}.`,
    );
    return;
  }
  await warn(
    engine,
    "metadata-differs",
    `After the metadata was applied, the server's differs from the project's in ${namesOf(left.changes)}: somebody else has changed it, or Hasura has stored it in another form.`,
  );
}

/** Keys of the document and of its sources that have a value there, and are missing in what the server has stored. */
export function unknownKeys(sent: JsonMap, stored: JsonMap): string[] {
  const sources = (document: JsonMap): JsonMap[] => listOf(document["sources"]).filter(isJsonMap);
  const ofSources = sources(sent).flatMap((source) => {
    const own = sources(stored).find(({ name }) => name === source["name"]);
    return own ? missingKeys(source, own).map((key) => `sources.${key}`) : [];
  });
  return [...new Set([...missingKeys(sent, stored), ...ofSources])];
}

function missingKeys(sent: JsonMap, stored: JsonMap): string[] {
  return Object.entries(sent).flatMap(([key, value]) =>
    isEmpty(value) || Object.hasOwn(stored, key) ? [] : [key],
  );
}

const listOf = (value: Json | undefined): readonly Json[] => (isJsonList(value) ? value : []);

function isEmpty(value: Json): boolean {
  if (isJsonList(value)) return value.length === 0;
  return value === null || (isJsonMap(value) && Object.values(value).every(isEmpty));
}
