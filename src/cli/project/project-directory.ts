import { resolve } from "node:path";
import { textHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";
import { findProjectAbove, findProjectRoot, noProjectAbove } from "./find-project.ts";

/**
 * The project that a local command works on: the one in the given directory, or the one that contains the working directory.
 * @throws Failure usage/no-project
 */
export function projectDirectory(
  { cwd, home }: Pick<CliContext, "cwd" | "home">,
  named: string | undefined,
  command: "lint" | "verify",
): string {
  if (named !== undefined) {
    const directory = resolve(cwd, named);
    return findProjectRoot(directory) ?? directory;
  }
  const found = findProjectAbove(cwd, home);
  if (found !== undefined) return found;
  throw noProjectAbove(
    cwd,
    textHint(`Pass the directory of a project: hasura-migrate ${command} DIRECTORY`),
  );
}
