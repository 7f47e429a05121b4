import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import type { Hint } from "../../protocol/hint.ts";

/**
 * The root of the Hasura project in a directory: where config.yaml is, else where `migrations` is. Undefined where neither
 * exists.
 */
export function findProjectRoot(directory: string): string | undefined {
  const inner = join(directory, "migrations");
  return (
    [directory, inner].find((root) =>
      // Any other spelling is refused when the project is read.
      ["config.yaml", "config.yml"].some((name) => existsSync(join(root, name))),
    ) ?? (existsSync(inner) ? directory : undefined)
  );
}

/**
 * The root of the Hasura project that a directory is in. Looks upwards as far as the repository goes, and never in the home
 * directory or above it; without a repository a folder called `migrations` further up need not be Hasura's, so there only a
 * config.yaml counts.
 */
export function findProjectAbove(directory: string, home: string): string | undefined {
  const above: string[] = [];
  let isRepository = false;
  for (let current = directory; !isRepository; current = dirname(current)) {
    if (current === home && current !== directory) break;
    above.push(current);
    isRepository = existsSync(join(current, ".git"));
    if (dirname(current) === current) break;
  }
  for (const current of above) {
    const root = findProjectRoot(current);
    if (root === undefined) continue;
    if (isRepository || current === directory || existsSync(join(root, "config.yaml"))) return root;
  }
  return undefined;
}

/** The failure of a command that works on a project, where `findProjectAbove` finds none. `hint` says how to name one. */
export function noProjectAbove(directory: string, hint: Hint): Failure {
  return new Failure(
    "usage",
    "no-project",
    `There is no Hasura project in ${directory} or above it: no directory has a config.yaml or a migrations directory.`,
    { hints: [hint] },
  );
}
