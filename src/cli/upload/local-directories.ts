import type { CliContext } from "../context.ts";
import type { MigrationPurpose } from "./directory-upload.ts";
import type { UploadSource } from "./environment-upload.ts";
import type { LocalMetadata } from "./local-metadata.ts";
import type { LocalSeeds } from "./local-seeds.ts";

/**
 * What is uploaded from directories, by their roots: each is read once for all environments of a command, when it is first needed. The
 * code that reads them is loaded then, too.
 */
export interface LocalDirectories {
  readonly migrations: (root: string) => Promise<UploadSource<[purpose: MigrationPurpose]>>;
  readonly metadata: (root: string) => Promise<LocalMetadata>;
  readonly seeds: (root: string) => Promise<LocalSeeds>;
}

export function localDirectories(
  context: Pick<CliContext, "now" | "capture" | "sleep">,
): LocalDirectories {
  return {
    migrations: oncePerRoot(async (root) => {
      const { UploadDirectory } = await import("./directory-upload.ts");
      const directory = new UploadDirectory(root, context);
      // The directory is read while the function's answer is awaited.
      directory.begin();
      return {
        notices: () => directory.notices(),
        uploadFor: (known, purpose) => directory.uploadFor(known, purpose),
      };
    }),
    metadata: oncePerRoot(async (root) => {
      const { localMetadata } = await import("./local-metadata.ts");
      return localMetadata(root, context);
    }),
    seeds: oncePerRoot(async (root) => {
      const { localSeeds } = await import("./local-seeds.ts");
      return localSeeds(root, context);
    }),
  };
}

function oncePerRoot<T>(read: (root: string) => Promise<T>): (root: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (root) => {
    const reading = known.get(root) ?? read(root);
    known.set(root, reading);
    return reading;
  };
}
