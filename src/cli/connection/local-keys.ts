import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isLoopback } from "./loopback.ts";
import { userStateDirectory } from "../../user-state.ts";
import type { CliContext } from "../context.ts";

/*
 * `local --serve` accepts one access key, which other commands of the same user find in a file that only this user can read.
 */

/** Keys of local services begin like this; those of AWS never do. */
const keyPattern = /^local-[0-9a-f]+$/;

/**
 * Keeps the access key of a service for other commands of this user. Resolves to what removes it again, or to undefined where
 * it could not be kept, because the home directory is read-only, for instance.
 */
export async function keepLocalKey(
  url: string,
  accessKeyId: string,
  context: CliContext,
): Promise<(() => Promise<void>) | undefined> {
  const file = fileFor(url, context);
  try {
    await mkdir(stateDirectory(context), { recursive: true, mode: 0o700 });
    await rm(file, { force: true });
    await writeFile(file, `${accessKeyId}\n`, { mode: 0o600, flag: "wx" });
  } catch {
    return undefined;
  }
  return async () => {
    // Another service may have the port by now.
    if ((await keyIn(file)) === accessKeyId) await rm(file, { force: true });
  };
}

/**
 * The access key of a local service, kept by `local --serve` or set as AWS_ACCESS_KEY_ID; undefined for every other address.
 */
export async function localKeyFor(url: string, context: CliContext): Promise<string | undefined> {
  if (!isLoopback(url)) return undefined;
  const set = context.env["AWS_ACCESS_KEY_ID"] ?? "";
  return keyPattern.test(set) ? set : keyIn(fileFor(url, context));
}

async function keyIn(file: string): Promise<string | undefined> {
  const text = (await readFile(file, "utf8").catch(() => "")).trim();
  return keyPattern.test(text) ? text : undefined;
}

function fileFor(url: string, context: CliContext): string {
  return join(stateDirectory(context), `lambda-${new URL(url).port || "80"}`);
}

function stateDirectory({ env, home }: CliContext): string {
  return userStateDirectory(env, home);
}
