import { resolve } from "node:path";
import { retryHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";
import { findProjectAbove, findProjectRoot, noProjectAbove } from "./find-project.ts";

/**
 * The project that a local command works on: the one in the given directory, or the one that contains the working directory.
 * @throws Failure usage/no-project
 */
export function projectDirectory(
  { cwd, home }: Pick<CliContext, "cwd" | "home">,
  named: string | undefined,
): string {
  if (named !== undefined) {
    const directory = resolve(cwd, named);
    return findProjectRoot(directory) ?? directory;
  }
  const found = findProjectAbove(cwd, home);
  if (found !== undefined) return found;
  throw noProjectAbove(
    cwd,
    retryHint({ with: ["DIRECTORY"], reason: "pass the directory of a project" }),
  );
}
