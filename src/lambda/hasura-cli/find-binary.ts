import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../protocol/failure.ts";

/** The official CLI's name in every place where it is looked for. */
export const binaryName = "hasura";

/** The first `hasura` that can be run in these directories. Throws usage/engine-not-available. */
export function findBinary(directories: readonly string[]): string {
  const found = directories
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, binaryName))
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new Failure(
    "usage",
    "engine-not-available",
    'This function\'s image has no engine "hasura-cli": the official Hasura CLI is not in it.',
    {
      hints: [
        "build the image with --build-arg HASURA_CLI_VERSION=v2.…",
        "or set HASURA_MIGRATE_ENGINE=native, or leave it out",
      ],
    },
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
