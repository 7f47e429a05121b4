import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { userCacheDirectory } from "../../user-state.ts";
import type { CliContext } from "../context.ts";

const Recent = z.array(z.string());
const most = 20;

/** The environments that were chosen for this configuration, the last one first. */
export async function recentEnvironments(file: string, context: CliContext): Promise<string[]> {
  try {
    return Recent.parse(JSON.parse(await readFile(fileFor(file, context), "utf8")));
  } catch {
    // None yet, or not one of this version.
    return [];
  }
}

/** Remembers a choice. Where nothing can be written, the list begins with the first environment again. */
export async function rememberEnvironment(
  file: string,
  name: string,
  context: CliContext,
): Promise<void> {
  const before = await recentEnvironments(file, context);
  const names = [name, ...before.filter((each) => each !== name)].slice(0, most);
  const path = fileFor(file, context);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, JSON.stringify(names), { mode: 0o600 });
  } catch {
    return;
  }
}

function fileFor(file: string, { env, home }: CliContext): string {
  const hash = createHash("sha256").update(file).digest("hex").slice(0, 24);
  return join(userCacheDirectory(env, home), "recent", `${hash}.json`);
}
