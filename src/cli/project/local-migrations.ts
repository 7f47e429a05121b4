import { findProjectAbove } from "./find-project.ts";
import type { LocalMigrations } from "./image-drift.ts";

/** The migrations of the project that a directory is in; undefined if it is in none. Throws usage failures. */
export async function localMigrations(
  directory: string,
  home: string,
): Promise<LocalMigrations | undefined> {
  const root = findProjectAbove(directory, home);
  if (root === undefined) return undefined;
  const { readProject } = await import("../../engine/project/project.ts");
  return (await readProject(root)).databases;
}
