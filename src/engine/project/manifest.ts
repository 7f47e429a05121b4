import { join } from "node:path";
import * as z from "zod";
import { parseJson } from "../../protocol/json.ts";
import type { FileState, FileSystem } from "./file-system.ts";
import type { Project } from "./project.ts";
import type { MigrationFile } from "./scan.ts";

/**
 * The file, in the directory of a project, that lists its migration files: made when an image is built, from the files that
 * are in it. Hidden, so that it is never taken for a migration or a database.
 */
export const manifestName = ".hasura-migrate-manifest.json";

/** Size in bytes, time of the last change in epoch seconds, and checksum; older manifests have no checksums of down files. */
const ListedFile = z.tuple([z.int(), z.int(), z.string().optional()]);

/** `format` changes when what a checksum is taken of changes. */
const Manifest = z.object({ format: z.literal(1), files: z.record(z.string(), ListedFile) });
export type Manifest = z.infer<typeof Manifest>;

/** The manifest of a project, from its files. Throws what reading them throws. */
export async function manifestOf(project: Project, fs: FileSystem): Promise<Manifest> {
  const files: Record<string, z.infer<typeof ListedFile>> = {};
  for (const file of filesOf(project)) {
    const { size, modifiedMs } = fs.stat(join(project.root, file.path));
    files[file.path] = [size, Math.round(modifiedMs / 1000), await file.checksum()];
  }
  return { format: 1, files };
}

/** The manifest in a directory; undefined if there is none, or none that this version understands. */
export async function readManifest(
  directory: string,
  fs: FileSystem,
): Promise<Manifest | undefined> {
  const bytes = await fs.read(join(directory, manifestName)).catch(() => undefined);
  return bytes && Manifest.safeParse(parseJson(Buffer.from(bytes).toString("utf8"))).data;
}

/** True if the manifest lists exactly the files of the project, each as it is. `stateOf` is given their paths on disk. */
export function describes(
  { files }: Manifest,
  project: Project,
  stateOf: (path: string) => FileState | undefined,
): boolean {
  const found = [...filesOf(project)];
  return (
    found.length === Object.keys(files).length &&
    found.every((file) => isAsListed(files[file.path], stateOf(join(project.root, file.path))))
  );
}

/** Image layers keep times in whole seconds, rounded up or down. */
function isAsListed(
  listed: z.infer<typeof ListedFile> | undefined,
  state: FileState | undefined,
): boolean {
  if (!listed || !state) return false;
  const [size, modified] = listed;
  return size === state.size && Math.abs(modified - state.modifiedMs / 1000) <= 1;
}

function* filesOf({ databases }: Project): Generator<MigrationFile> {
  for (const { up, down } of [...databases.values()].flat()) {
    if (up) yield up;
    if (down) yield down;
  }
}
