import type { CliContext } from "../context.ts";
import type { LocalMetadata } from "./local-metadata.ts";

/** The metadata of directories, each read once for all environments of a command. Their code is loaded when it is needed. */
export type MetadataDirectories = (root: string) => () => Promise<LocalMetadata>;

export function metadataDirectories(context: Pick<CliContext, "capture">): MetadataDirectories {
  const read = new Map<string, Promise<LocalMetadata>>();
  return (root) => () => {
    const known = read.get(root) ?? readFrom(root, context);
    read.set(root, known);
    return known;
  };
}

async function readFrom(
  root: string,
  context: Pick<CliContext, "capture">,
): Promise<LocalMetadata> {
  const { localMetadata } = await import("./local-metadata.ts");
  return localMetadata(root, context);
}
