import type { CliContext } from "../context.ts";
import type { LocalMetadata } from "./local-metadata.ts";
import { oncePerDirectory } from "./once-per-directory.ts";

/** The metadata of directories, each read once for all environments of a command. Their code is loaded when it is needed. */
export type MetadataDirectories = (root: string) => () => Promise<LocalMetadata>;

export function metadataDirectories(context: Pick<CliContext, "capture">): MetadataDirectories {
  return oncePerDirectory(async (root) => {
    const { localMetadata } = await import("./local-metadata.ts");
    return localMetadata(root, context);
  });
}
