import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { commandHint } from "../../protocol/hint.ts";

/** The files written in a project's directory. */
const entries = ["location", "lock", ".gitignore"];

/**
 * Refuses a project's directory that would write elsewhere: one that `refuseUnsafe` refuses, or that has links in it.
 * @throws Failure usage/state-directory-unsafe
 */
export async function checkStateDirectory(directory: string): Promise<void> {
  await refuseUnsafe(directory);
  for (const name of entries) {
    const entry = await lstat(join(directory, name)).catch(() => undefined);
    if (entry?.isSymbolicLink())
      throw unsafe(directory, join(directory, name), "is a symbolic link");
  }
}

/**
 * Refuses a directory that somebody else could have prepared: a link, another user's, or one that others may write to.
 * @throws Failure usage/state-directory-unsafe
 */
export async function refuseUnsafe(directory: string): Promise<void> {
  const user = process.getuid?.();
  const found = await lstat(directory);
  if (found.isSymbolicLink()) throw unsafe(directory, directory, "is a symbolic link");
  if (user !== undefined && found.uid !== user)
    throw unsafe(directory, directory, "belongs to another user");
  if ((found.mode & 0o002) !== 0)
    throw unsafe(directory, directory, "can be written by other users");
}

function unsafe(directory: string, path: string, why: string): Failure {
  return new Failure(
    "usage",
    "state-directory-unsafe",
    `The embedded database cannot be kept in ${directory}: ${path} ${why}.`,
    {
      hints: [
        commandHint(["ls", "-la", directory], "inspect it"),
        commandHint(["rm", "-r", directory], "then remove it; a new one is created"),
      ],
    },
  );
}
