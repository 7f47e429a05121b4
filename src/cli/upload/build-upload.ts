import type { Operation } from "../../protocol/operations.ts";
import { migrationLabel, type Version } from "../../protocol/migration.ts";
import type { UploadedDirectory } from "../../protocol/run-source.ts";
import {
  MigrationIdentity,
  uploadLimits,
  type KnownMigration,
  type UploadDocument,
  type UploadedFile,
  type UploadedMigration,
} from "../../protocol/upload.ts";
import { checkedOnce } from "../../protocol/checked-once.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { ProjectFiles, ProjectEntry } from "../../engine/project/project-files.ts";
import type { FunctionInventory, KnownDatabase } from "./function-inventory.ts";
import { refuseTooLarge, refuseTooMany } from "./too-large.ts";

type MigrationFile = NonNullable<ProjectEntry["migration"]["up"]>;

/** The operation that an upload is for. */
export interface UploadPurpose {
  readonly operation: Operation;
  /** The only database that the operation uses; undefined for all. */
  readonly database: string | undefined;
  /** The only versions that it uses; undefined for all. */
  readonly versions?: readonly Version[] | undefined;
  readonly from: UploadedDirectory;
}

const unknownDatabase: KnownDatabase = {
  digests: new Map(),
  applied: new Set(),
  inDoubt: new Set(),
};

/**
 * The upload of a project for an operation. It contains the text of only those files that the operation may run and the function does
 * not have. Throws `usage` failures: `upload-too-large`, `upload-invalid`.
 */
export async function uploadDocument(
  files: ProjectFiles,
  known: FunctionInventory,
  purpose: UploadPurpose,
): Promise<UploadDocument> {
  const isWanted = (name: string): boolean =>
    purpose.database === undefined || purpose.database === name;
  const own = files.inventory.databases;
  const names = [...new Set([...own.keys(), ...known.databases.keys()])].filter(isWanted);
  const differing = names.flatMap((database) => {
    const state = known.databases.get(database) ?? unknownDatabase;
    return (own.get(database) ?? [])
      .filter(({ version, digest }) => state.digests.get(version) !== digest)
      .map((entry) => ({ database, entry, isSent: isSent(purpose, entry, state) }));
  });
  for (const { database, entry } of differing) refuseName(database, entry);
  const sent = differing.filter((each) => each.isSent);
  refuseTooMany(sent.length, uploadLimits.migrations);
  refuseTooMany(differing.length - sent.length, uploadLimits.known);
  refuseTooLarge(sent.flatMap(({ entry }) => filesOf(entry, files)));
  const migrations: UploadedMigration[] = [];
  for (const { database, entry } of sent) migrations.push(await uploaded(database, entry, files));
  return {
    format: 1,
    image: known.digest,
    configVersion: files.project.configVersion,
    from: purpose.from,
    without: names.flatMap((database) => withoutIn(database, own.get(database) ?? [], known)),
    migrations,
    known: differing
      .filter((each) => !each.isSent)
      .map(({ database, entry }) => listed(database, entry)),
  };
}

/** Whether an operation may run a migration that the image does not have, or needs its text for another reason. */
function isSent(
  { operation, versions }: UploadPurpose,
  { version }: ProjectEntry,
  { applied, inDoubt }: KnownDatabase,
): boolean {
  if (versions?.includes(version) === false) return false;
  switch (operation) {
    case "apply":
    case "plan":
    case "rehearse":
      return !applied.has(version);
    case "down":
      return applied.has(version);
    case "status":
      return inDoubt.has(version);
    case "mark":
      return !applied.has(version) || inDoubt.has(version);
    default:
      return true;
  }
}

/** The versions of the image that the project does not have. */
function withoutIn(
  database: string,
  entries: readonly ProjectEntry[],
  { databases }: FunctionInventory,
): UploadDocument["without"] {
  const own = new Set(entries.map(({ version }) => version));
  const versions = [...(databases.get(database)?.digests.keys() ?? [])].filter(
    (version) => !own.has(version),
  );
  return versions.length === 0 ? [] : [{ database, versions }];
}

function filesOf({ migration: { up, down } }: ProjectEntry, files: ProjectFiles) {
  return [up, down].flatMap((file) =>
    file ? [{ path: file.path, size: files.sizeOf(file) }] : [],
  );
}

async function uploaded(
  database: string,
  { version, migration: { name, up, down } }: ProjectEntry,
  files: ProjectFiles,
): Promise<UploadedMigration> {
  return {
    ...{ database, version, name },
    ...(up && { up: await uploadedFile(up, files) }),
    ...(down && { down: await uploadedFile(down, files) }),
  };
}

/** Whether it can be run matters only if the run reaches it, which the function decides. */
async function uploadedFile(file: MigrationFile, files: ProjectFiles): Promise<UploadedFile> {
  const text = await files.textOf(file);
  // The migrations directory may be outside the project; the path is only for messages.
  const path = file.path.replace(/^(\.\.\/)+/, "");
  return "sql" in text ? { path, ...text } : { path, checksum: files.checksumOf(file), ...text };
}

function listed(
  database: string,
  { version, checksum, migration: { name, down } }: ProjectEntry,
): KnownMigration {
  return {
    ...{ database, version, name, hasDown: down !== undefined },
    ...(checksum !== undefined && { checksum: checksum.slice(0, 32) }),
  };
}

/** Throws for names that a file system allows but that cannot be sent. */
function refuseName(database: string, { version, migration }: ProjectEntry): void {
  const { name } = migration;
  const checked = MigrationIdentity.safeParse({ database, version, name }, checkedOnce);
  if (checked.success) return;
  const [issue] = checked.error.issues;
  const what = issue?.path[0] === "database" ? "database" : "migration";
  throw new Failure(
    "usage",
    "upload-invalid",
    `The migration ${database}/${migrationLabel({ version, name })} cannot be uploaded: the name of its ${what} ${issue?.message ?? "is invalid"}.`,
    { hints: [textHint("Rename the directory.")] },
  );
}
