import * as z from "zod";
import type { LoadedConfig } from "../config/load.ts";
import { environmentNames } from "../config/resolve-target.ts";
import type { CliContext } from "../context.ts";
import { readCached, writeCached, type CacheEntry } from "../user-cache/user-cache.ts";

const Recent = z.array(z.string());
const most = 20;

/** The environments that were used last with this configuration, the last one first. */
export async function recentEnvironments(
  loaded: LoadedConfig,
  context: CliContext,
): Promise<string[]> {
  return (await readCached(entryOf(loaded, context), Recent, context)) ?? [];
}

/**
 * Remembers environments that were chosen or typed, the first name first; other names are left out. Where nothing can be written, the
 * list keeps its order.
 */
export async function rememberEnvironments(
  used: readonly string[],
  loaded: LoadedConfig,
  context: CliContext,
): Promise<void> {
  const known = environmentNames(loaded);
  const before = await recentEnvironments(loaded, context);
  const names = [...new Set([...used.filter((name) => known.includes(name)), ...before])];
  const kept = names.slice(0, most);
  if (kept.join() !== before.join()) await writeCached(entryOf(loaded, context), kept, context);
}

function entryOf({ file }: LoadedConfig, { cwd }: CliContext): CacheEntry {
  return { folder: "recent", key: file ?? cwd };
}
