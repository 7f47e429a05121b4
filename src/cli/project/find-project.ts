import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import type { LocalMigrations } from "./image-drift.ts";

/** The root of the Hasura project in a directory: where config.yaml is, else where `migrations` is. Undefined where neither exists. */
export function findProjectRoot(directory: string): string | undefined {
  const inner = join(directory, "migrations");
  return (
    [directory, inner].find((root) =>
      // Another spelling is refused when the project is read.
      ["config.yaml", "config.yml"].some((name) => existsSync(join(root, name))),
    ) ?? (existsSync(inner) ? directory : undefined)
  );
}

/**
 * The root of the project that a directory is in: the nearest one upwards, up to the root of the git repository. Undefined
 * where there is none.
 */
export function findProjectAbove(directory: string): string | undefined {
  const root = findProjectRoot(directory);
  if (root !== undefined || existsSync(join(directory, ".git"))) return root;
  const parent = dirname(directory);
  return parent === directory ? undefined : findProjectAbove(parent);
}

/** The migrations of the project in a directory. A project that cannot be read counts as none: comparing is optional. */
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
