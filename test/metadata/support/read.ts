import { metadataFiles, metadataLayout } from "../../../src/engine/project/metadata-files.ts";
import { readProjectConfig } from "../../../src/engine/project/config.ts";
import { readMetadata, type ReadMetadata } from "../../../src/metadata/project/read-metadata.ts";
import { placeText } from "../../../src/metadata/problem.ts";
import { realFileSystem } from "../../../src/engine/project/file-system.ts";

/** Reads the metadata of a project in a directory. */
export async function readIn(root: string): Promise<ReadMetadata> {
  const config = await readProjectConfig(root, realFileSystem);
  const layout = await metadataLayout({ root, configVersion: config?.version ?? 3 });
  const read = layout && (await readMetadata(layout, metadataFiles(root, layout)));
  if (read === undefined) throw new Error(`no metadata in ${root}`);
  return read;
}

/** Place and message of each problem: `metadata/actions.yaml:3:5 message`, without the advice. */
export function problemLines({ problems }: ReadMetadata): string[] {
  return problems.map(({ message, place }) =>
    place === undefined ? message : `${placeText(place)} ${message}`,
  );
}
