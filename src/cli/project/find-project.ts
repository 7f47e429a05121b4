import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import type { LocalMigrations } from "./image-drift.ts";

/** The Hasura project a directory is or holds, or undefined: a folder with config.yaml, or one called `migrations`. */
export function findProjectRoot(directory: string): string | undefined {
  const inner = join(directory, "migrations");
  return (
    [directory, inner].find((root) => existsSync(join(root, "config.yaml"))) ??
    (existsSync(inner) ? directory : undefined)
  );
}

/** The migrations of the project in the working directory. One that cannot be read is none: this is a courtesy. */
export async function localMigrations(directory: string): Promise<LocalMigrations | undefined> {
  const root = findProjectRoot(directory);
  if (root === undefined) return undefined;
  const { readProject } = await import("../../engine/project/project.ts");
  try {
    return (await readProject(root)).databases;
  } catch (thrown) {
    if (thrown instanceof Failure) return undefined;
    throw thrown;
  }
}
