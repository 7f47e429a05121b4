import * as z from "zod";
import type { CliContext } from "../context.ts";
import { readCached, writeCached } from "../user-cache/user-cache.ts";

const Recent = z.array(z.string());
const most = 20;
const folder = "recent";

/** The environments that were chosen for this configuration, the last one first. */
export async function recentEnvironments(file: string, context: CliContext): Promise<string[]> {
  return (await readCached({ folder, key: file }, Recent, context)) ?? [];
}

/** Remembers a choice. Where nothing can be written, the list begins with the first environment again. */
export async function rememberEnvironment(
  file: string,
  name: string,
  context: CliContext,
): Promise<void> {
  const before = await recentEnvironments(file, context);
  const names = [name, ...before.filter((each) => each !== name)].slice(0, most);
  await writeCached({ folder, key: file }, names, context);
}
