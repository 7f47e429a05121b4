import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { compareVersions, migrationLabel, type Version } from "../../protocol/migration.ts";
import type {
  KnownMigration,
  UploadDocument,
  UploadedFile,
  UploadedMigration,
} from "../../protocol/upload.ts";
import { inventoryOf } from "./inventory.ts";
import { bodyOfText, checksumOf, unusableText } from "./migration-file.ts";
import { emptyProject, type Project } from "./project.ts";
import type { Migration, MigrationFile } from "./scan.ts";

/**
 * The project of the directory that an upload comes from: the image's files that are the same in the directory, and the uploaded
 * files. Throws `busy/image-changed` if the image is not the one that the upload was made against, `usage/config-version-differs`,
 * and what reading the image's project throws.
 */
export async function uploadedProject(
  readImage: () => Promise<Project>,
  upload: UploadDocument,
): Promise<Project> {
  const { configVersion } = upload;
  const image = (await imageProject(readImage)) ?? emptyProject(configVersion);
  if ((await inventoryOf(image)).digest !== upload.image) throw imageChanged();
  if (image.databases.size > 0 && image.configVersion !== configVersion)
    throw configVersionDiffers(image.configVersion, configVersion);
  return {
    ...image,
    configVersion,
    databases: await merged(image, upload),
    // The client has already shown the warnings about the directory.
    notices: [],
  };
}

/** The project in the image; undefined if there is none, which does not prevent an upload. */
export async function imageProject(read: () => Promise<Project>): Promise<Project | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const isAbsent =
      thrown instanceof Failure &&
      (thrown.code === "no-directory" || thrown.code === "no-migrations-directory");
    if (isAbsent) return undefined;
    throw thrown;
  }
}

async function merged(image: Project, upload: UploadDocument): Promise<Project["databases"]> {
  const databases = new Map(
    [...image.databases].map(([name, migrations]) => [name, byVersion(migrations)] as const),
  );
  const of = (name: string): Map<Version, Migration> => {
    const found = databases.get(name) ?? new Map<Version, Migration>();
    databases.set(name, found);
    return found;
  };
  for (const { database, versions } of upload.without)
    for (const version of versions) databases.get(database)?.delete(version);
  const listed = [
    ...upload.migrations.map((each) => ({ ...each, migration: uploaded(each) })),
    ...upload.known.map((each) => ({ ...each, migration: known(each) })),
  ];
  for (const { database, version, migration } of listed) {
    const own = databases.get(database)?.get(version);
    of(database).set(version, own ? await compared(migration, own) : migration);
  }
  return new Map(
    [...databases]
      .filter(([name, migrations]) => migrations.size > 0 && image.leftOut?.has(name) !== true)
      .map(([name, migrations]) => [name, inOrder(migrations)] as const),
  );
}

function byVersion(migrations: readonly Migration[]): Map<Version, Migration> {
  return new Map(migrations.map((migration) => [migration.version, migration]));
}

function inOrder(migrations: ReadonlyMap<Version, Migration>): readonly Migration[] {
  return [...migrations.values()].sort((a, b) => compareVersions(a.version, b.version));
}

/** A migration; those of its files that differ from the image's files with the same version are marked. */
async function compared({ up, down, ...migration }: Migration, own: Migration): Promise<Migration> {
  return {
    ...migration,
    ...(up && { up: await comparedFile(up, own.up) }),
    ...(down && { down: await comparedFile(down, own.down) }),
  };
}

async function comparedFile(
  file: MigrationFile,
  own: MigrationFile | undefined,
): Promise<MigrationFile> {
  const isSame = own === undefined || (await own.checksum()).startsWith(await file.checksum());
  return isSame ? file : { ...file, differsFromImage: true };
}

/** A migration whose files were sent. */
function uploaded({ version, name, up, down }: UploadedMigration): Migration {
  return {
    version,
    name,
    ...(up && { up: uploadedFile(up) }),
    ...(down && { down: uploadedFile(down) }),
  };
}

function uploadedFile(file: UploadedFile): MigrationFile {
  const { path } = file;
  const checksum = "sql" in file ? checksumOf(file.sql) : file.checksum;
  return {
    path,
    runnable: true,
    body: async () => {
      if ("problem" in file) throw unusableText(file, path);
      return bodyOfText(file.sql, path);
    },
    checksum: async () => checksum,
  };
}

function known({ version, name, checksum, hasDown }: KnownMigration): Migration {
  const label = migrationLabel({ version, name });
  const file = (direction: "up" | "down", sum: string): MigrationFile => ({
    path: `${label}/${direction}.sql`,
    runnable: true,
    body: () => Promise.reject(notSent(label)),
    checksum: async () => sum,
  });
  return {
    version,
    name,
    ...(checksum !== undefined && { up: file("up", checksum) }),
    ...(hasDown && { down: file("down", "") }),
  };
}

function imageChanged(): Failure {
  return new Failure(
    "busy",
    "image-changed",
    "The function's image has changed since the local files were compared with it.",
    { hints: [textHint("Run the same command again.")] },
  );
}

function notSent(label: string): Failure {
  return new Failure(
    "busy",
    "upload-outdated",
    `${label} would have to run now, but it was not uploaded, because it was applied when the upload was prepared.`,
    { hints: [textHint("Run the same command again.")] },
  );
}

/** The failure for a directory whose layout is not that of the image: `usage/config-version-differs`. */
export function configVersionDiffers(image: number, here: number): Failure {
  return new Failure(
    "usage",
    "config-version-differs",
    `The local project has config version ${String(here)}, but the one in the image has ${String(image)}, which records applied migrations in a different place.`,
    {
      hints: [
        textHint("Deploy an image of the upgraded project first, or use the image's version."),
      ],
    },
  );
}
