import { dirname, join } from "node:path";
import * as z from "zod";
import { parseJson } from "../../protocol/json.ts";
import type { FileState, FileSystem } from "./file-system.ts";
import { checksumOfBytes } from "./migration-file.ts";
import type { Project } from "./project.ts";
import type { MigrationFile } from "./scan.ts";
import type { ProjectSeeds, SeedOnDisk } from "./seeds.ts";

/**
 * The file, in the directory of a project, that lists its migration files and seeds: made when an image is built, from the files that
 * are in it. Hidden, so that it is never taken for a migration or a database.
 */
export const manifestName = ".hasura-migrate-manifest.json";

/** Size in bytes, time of the last change in epoch seconds, and checksum; older manifests have no checksums of down files. */
const ListedFile = z.tuple([z.int(), z.int(), z.string().optional()]);

/** `format` changes when what a checksum is taken of changes. */
const Manifest = z.object({
  format: z.literal(1),
  files: z.record(z.string(), ListedFile),
  /** Absent in older manifests, and where there are none. */
  seeds: z.record(z.string(), ListedFile).optional(),
});
export type Manifest = z.infer<typeof Manifest>;

/** The manifest of a project, from its files and its seeds. Throws what reading them throws. */
export async function manifestOf(
  project: Project,
  seeds: readonly SeedOnDisk[],
  fs: FileSystem,
): Promise<Manifest> {
  const listed = (path: string, checksum: string): z.infer<typeof ListedFile> => {
    const { size, modifiedMs } = fs.stat(join(project.root, path));
    return [size, Math.round(modifiedMs / 1000), checksum];
  };
  const files: Manifest["files"] = {};
  for (const file of filesOf(project)) files[file.path] = listed(file.path, await file.checksum());
  const listedSeeds: NonNullable<Manifest["seeds"]> = {};
  for (const seed of seeds)
    listedSeeds[seed.path] = listed(seed.path, checksumOfBytes(await seed.bytes()));
  return { format: 1, files, ...(seeds.length > 0 && { seeds: listedSeeds }) };
}

/**
 * The seeds of a project whose directory has a manifest that this process cannot write to: those that are as they are listed
 * there have their checksums, and need not be read for them.
 */
export async function sealedSeeds(
  seeds: ProjectSeeds<SeedOnDisk>,
  root: string,
  fs: FileSystem,
): Promise<ProjectSeeds> {
  const listed = fs.isWritable(root) ? undefined : (await readManifest(root, fs))?.seeds;
  if (listed === undefined) return seeds;
  const sealed = (seed: SeedOnDisk): SeedOnDisk => {
    const path = join(root, seed.path);
    const entry = listed[seed.path];
    const isSealed = isAsListed(entry, fs.stat(path)) && !fs.isWritable(dirname(path));
    return isSealed && entry?.[2] !== undefined ? { ...seed, checksum: entry[2] } : seed;
  };
  return { ...seeds, files: seeds.files.map(sealed) };
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
