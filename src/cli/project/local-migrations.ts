import { Failure } from "../../protocol/failure.ts";
import { findProjectAbove } from "./find-project.ts";
import type { LocalMigrations } from "./image-drift.ts";

/** The migrations of the project that a directory is in. A project that cannot be read counts as none: comparing is optional. */
export async function localMigrations(
  directory: string,
  home: string,
): Promise<LocalMigrations | undefined> {
  const root = findProjectAbove(directory, home);
  if (root === undefined) return undefined;
  const { readProject } = await import("../../engine/project/project.ts");
  try {
    return (await readProject(root)).databases;
  } catch (thrown) {
    if (thrown instanceof Failure) return undefined;
    throw thrown;
  }
}
