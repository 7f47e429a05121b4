import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The root of the Git repository that a directory is in, without asking Git. */
export function findRepository(directory: string): string | undefined {
  if (existsSync(join(directory, ".git"))) return directory;
  const parent = dirname(directory);
  return parent === directory ? undefined : findRepository(parent);
}
