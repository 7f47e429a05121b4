import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type * as z from "zod";
import { userCacheDirectory } from "../../user-state.ts";
import type { CliContext } from "../context.ts";

/** A value in the user's cache directory, which can be lost at any time: `folder` says what it is, `key` which one. */
export interface CacheEntry {
  readonly folder: string;
  readonly key: string;
}

/** The value that was kept; undefined if there is none yet, or none that this version reads. */
export async function readCached<T>(
  entry: CacheEntry,
  schema: z.ZodType<T>,
  context: CliContext,
): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(fileFor(entry, context), "utf8")));
  } catch {
    return undefined;
  }
}

/** Keeps a value as JSON. If nothing can be written, the next command does without it. */
export async function writeCached(
  entry: CacheEntry,
  value: unknown,
  context: CliContext,
): Promise<void> {
  const file = fileFor(entry, context);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, JSON.stringify(value), { mode: 0o600 });
  } catch {
    return;
  }
}

function fileFor({ folder, key }: CacheEntry, { env, home }: CliContext): string {
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 24);
  return join(userCacheDirectory(env, home), folder, `${hash}.json`);
}
