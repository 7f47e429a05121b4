import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { CliContext } from "../context.ts";
import { findProjectAbove } from "./find-project.ts";
import { findRepository } from "./find-repository.ts";

/**
 * A migration's file, named from the root of the repository instead of the project's, with forward slashes. Unchanged if the project
 * here has no such file, or is in no repository.
 */
export function repositoryPath(
  file: string,
  { cwd, home }: Pick<CliContext, "cwd" | "home">,
): string {
  const root = findProjectAbove(cwd, home);
  const repository = root === undefined ? undefined : findRepository(root);
  if (root === undefined || repository === undefined) return file;
  const path = candidates(root, file).find((candidate) => existsSync(candidate));
  if (path === undefined) return file;
  const inRepository = relative(repository, path).replaceAll("\\", "/");
  return inRepository.startsWith("../") ? file : inRepository;
}

/** An image of a bare migrations directory has another name for it. */
function candidates(root: string, file: string): string[] {
  return [join(root, file), join(root, "migrations", file.replace(/^[^/]*\//, ""))];
}
