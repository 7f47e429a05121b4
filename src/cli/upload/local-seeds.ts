import { cleanText } from "../../clean-text.ts";
import { realFileSystem, type FileSystem } from "../../engine/project/file-system.ts";
import { checksumOfBytes, textOf } from "../../engine/project/migration-file.ts";
import { observedDirectories } from "../../engine/project/project-metadata.ts";
import { locateMigrations, refuseMissing } from "../../engine/project/project.ts";
import {
  isMeant,
  projectSeeds,
  type ProjectSeeds,
  type SeedOnDisk,
  withoutParents,
} from "../../engine/project/seeds.ts";
import { checkedOnce } from "../../protocol/checked-once.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { UploadedDirectory } from "../../protocol/run-source.ts";
import {
  mostUploadedSeeds,
  SeedIdentity,
  type SeedUpload,
  type UploadedSeed,
} from "../../protocol/seed-upload.ts";
import type { CliContext } from "../context.ts";
import { compressedSeeds } from "./compress-upload.ts";
import { directoryFacts } from "./directory-facts.ts";
import { readUnchanged } from "./files-changing.ts";
import type { MadeUpload } from "./directory-upload.ts";
import type { UploadSource } from "./environment-upload.ts";
import type { FunctionInventory } from "./function-inventory.ts";
import { refuseTooLarge } from "./too-large.ts";

/** Which of the seeds a command runs. */
export interface SeedPurpose {
  readonly database?: string | undefined;
  /** `--file`, as it was typed. */
  readonly files?: readonly string[] | undefined;
  /** Seeds that have already been run are run again. */
  readonly again?: boolean | undefined;
}

/**
 * The seeds of a directory. The upload has all of them, with the text of those that the command may run; making it throws `usage`
 * failures: `upload-too-large` and `unreadable-file`.
 */
export type LocalSeeds = UploadSource<[purpose: SeedPurpose]>;

type SeedsContext = Pick<CliContext, "capture" | "now"> & {
  /** The disk, if absent. */
  readonly fs?: FileSystem;
};

/**
 * Finds the seeds of a project. An upload never mixes two states: files that change while they are read are read again.
 * @throws Failure usage (upload-invalid, upload-too-large), and as `refuseMissing`, `locateMigrations` and `projectSeeds` do
 */
export async function localSeeds(root: string, context: SeedsContext): Promise<LocalSeeds> {
  const { fs = realFileSystem, now } = context;
  const { notices } = await seedsIn(root, fs);
  return {
    notices: () => Promise.resolve(notices.map(({ message }) => message)),
    uploadFor: (known, purpose) =>
      readUnchanged(
        root,
        () => observedDirectories(fs, now),
        async (disk): Promise<MadeUpload> => {
          const [seeds, from] = await Promise.all([
            seedsIn(root, disk),
            directoryFacts(root, context),
          ]);
          return { envelope: compressedSeeds(await seedUpload(seeds, from, known, purpose)), from };
        },
      ),
  };
}

async function seedsIn(root: string, fs: FileSystem): Promise<ProjectSeeds<SeedOnDisk>> {
  refuseMissing(root, fs);
  const { configVersion } = await locateMigrations(root, fs);
  const seeds = await projectSeeds({ root, configVersion }, fs);
  for (const seed of seeds.files) refuseName(seed);
  if (seeds.files.length > mostUploadedSeeds) throw tooMany(seeds.files.length);
  return seeds;
}

async function seedUpload(
  { configVersion, directory, files }: ProjectSeeds<SeedOnDisk>,
  from: UploadedDirectory,
  known: FunctionInventory,
  purpose: SeedPurpose,
): Promise<SeedUpload> {
  const sent: { readonly path: string; readonly size: number }[] = [];
  const seeds: UploadedSeed[] = [];
  for (const seed of files) {
    const bytes = await seed.bytes();
    const checksum = checksumOfBytes(bytes);
    const isNeeded = isWanted(seed, purpose) && !wasRun(seed, checksum, known, purpose);
    seeds.push(uploadedSeed(seed, bytes, { checksum, isNeeded }));
    if (!isNeeded) continue;
    sent.push({ path: seed.path, size: bytes.length });
    refuseTooLarge(sent, "seeds");
  }
  return { format: 1, configVersion, from, directory: withoutParents(directory), seeds };
}

function isWanted(seed: SeedOnDisk, { database, files }: SeedPurpose): boolean {
  if (database !== undefined && seed.database !== database) return false;
  return files === undefined || files.some((typed) => isMeant(seed, typed));
}

function wasRun(
  { database, name }: SeedOnDisk,
  checksum: string,
  { databases }: FunctionInventory,
  { again = false }: SeedPurpose,
): boolean {
  return !again && databases.get(database)?.seeds?.get(name) === checksum;
}

/** Does not check whether its text can be run: the function does that for the seeds that it runs. */
function uploadedSeed(
  { database, name, path }: SeedOnDisk,
  bytes: Uint8Array,
  { checksum, isNeeded }: { readonly checksum: string; readonly isNeeded: boolean },
): UploadedSeed {
  if (!isNeeded) return { database, name, path: withoutParents(path), checksum };
  const text = textOf(bytes);
  return {
    ...{ database, name },
    file:
      "sql" in text
        ? { path: withoutParents(path), ...text }
        : { path: withoutParents(path), checksum, ...text },
  };
}

/** Throws for names that a file system allows but that cannot be sent. */
function refuseName({ database, name, path }: SeedOnDisk): void {
  const checked = SeedIdentity.safeParse(
    { database, name, path: withoutParents(path) },
    checkedOnce,
  );
  if (checked.success) return;
  const [issue] = checked.error.issues;
  const problem = issue?.code === "too_big" ? "is too long" : (issue?.message ?? "is invalid");
  throw new Failure(
    "usage",
    "upload-invalid",
    `The seed ${cleanText(path, 300)} cannot be uploaded: its name ${problem}.`,
    { hints: [textHint("Rename the file or its directory.")] },
  );
}

function tooMany(count: number): Failure {
  return new Failure(
    "usage",
    "upload-too-large",
    `There are ${String(count)} seeds, but at most ${String(mostUploadedSeeds)} can be uploaded; nothing was run.`,
    { hints: [textHint("Combine them, or deploy an image that contains them.")] },
  );
}
