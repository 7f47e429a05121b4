import * as z from "zod";
import type { TaggedFunction } from "../connection/aws/tagged-functions.ts";
import type { CliContext } from "../context.ts";
import { readCached, writeCached, type CacheEntry } from "../user-cache/user-cache.ts";

/** How long an answer is used again. */
const freshMs = 60_000;

const Kept = z.object({
  at: z.number(),
  functions: z.array(z.object({ environment: z.string(), arn: z.string() })),
});

/** What was found under this key less than a minute ago. */
export async function keptFunctions(
  key: readonly string[],
  context: CliContext,
): Promise<readonly TaggedFunction[] | undefined> {
  const kept = await readCached(entryOf(key), Kept, context);
  if (!kept) return undefined;
  const age = context.now() - kept.at;
  return age >= 0 && age < freshMs ? kept.functions : undefined;
}

/** Keeps what was found. Where nothing can be written, the next command asks again. */
export async function keepFunctions(
  key: readonly string[],
  functions: readonly TaggedFunction[],
  context: CliContext,
): Promise<void> {
  await writeCached(entryOf(key), { at: context.now(), functions }, context);
}

function entryOf(key: readonly string[]): CacheEntry {
  return { folder: "discovery", key: JSON.stringify(key) };
}
