import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";

/** The file name of the official CLI. */
export const binaryName = "hasura";

/** Finds the first executable `hasura` in these directories. Throws usage/engine-not-available. */
export function findBinary(directories: readonly string[]): string {
  const found = directories
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, binaryName))
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new Failure(
    "usage",
    "engine-not-available",
    'This function\'s image does not contain the official Hasura CLI, which the engine "hasura-cli" needs.',
    {
      hints: [
        textHint("Build the image with the arguments HASURA_CLI_VERSION and HASURA_CLI_SHA256."),
        textHint("Or set HASURA_MIGRATE_ENGINE=native, or omit it."),
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
