import { resolve } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";
import { findProjectAbove, findProjectRoot } from "./find-project.ts";

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
  throw new Failure(
    "usage",
    "no-project",
    `There is no Hasura project in ${cwd} or above it: no directory has a config.yaml or a migrations directory.`,
    { hints: [textHint(`Pass the directory of a project: hasura-migrate ${command} DIRECTORY`)] },
  );
}
