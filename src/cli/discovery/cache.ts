import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { userCacheDirectory } from "../../user-state.ts";
import type { TaggedFunction } from "../connection/aws/tagged-functions.ts";
import type { CliContext } from "../context.ts";

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
  try {
    const kept = Kept.parse(JSON.parse(await readFile(fileFor(key, context), "utf8")));
    const age = context.now() - kept.at;
    return age >= 0 && age < freshMs ? kept.functions : undefined;
  } catch {
    // None yet, or not one of this version.
    return undefined;
  }
}

/** Keeps what was found. Where nothing can be written, the next command asks again. */
export async function keepFunctions(
  key: readonly string[],
  functions: readonly TaggedFunction[],
  context: CliContext,
): Promise<void> {
  const text = JSON.stringify({ at: context.now(), functions });
  try {
    await mkdir(directory(context), { recursive: true, mode: 0o700 });
    await writeFile(fileFor(key, context), text, { mode: 0o600 });
  } catch {
    return;
  }
}

function fileFor(key: readonly string[], context: CliContext): string {
  const hash = createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 24);
  return join(directory(context), `${hash}.json`);
}

function directory({ env, home }: CliContext): string {
  return join(userCacheDirectory(env, home), "discovery");
}
