import {
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { randomBytes, randomUUID } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { userStateDirectory } from "../../user-state.ts";
import type { Binaries } from "./binaries.ts";
import { findPostmaster } from "./postmaster.ts";
import { removeTree } from "./remove-tree.ts";
import { canEnter, sharedDirectory, type ServerUser } from "./server-user.ts";
import { refuseUnsafe } from "./state-directory.ts";

/*
 * A PostgreSQL data directory can run programs: by its settings, and by what is in its tables. So none is used that a project
 * could have brought along. The databases are in a directory of the user's; a project only has a file with the number of its own,
 * which finds nothing that this program has not made.
 */

const numberPattern = /^[0-9a-f]{16}$/;

/** How long the database of a project is kept that cannot be found: it was moved, for instance, or its disk is not mounted. */
const keptMs = 30 * 24 * 60 * 60 * 1000;

/**
 * The directory for the server's files of a project, whose own directory is `directory`. `fresh`: a new one, and the old one is
 * given up. Removing `directory` leads to a fresh database, too.
 * @throws Failure usage/state-directory-unsafe
 */
export async function serverHome(
  directory: string,
  user: ServerUser | undefined,
  { fresh = false } = {},
): Promise<string> {
  const databases = await databasesDirectory(user);
  const pointer = join(directory, "location");
  const known = fresh ? undefined : await homeNamedIn(pointer, databases);
  if (known !== undefined) {
    // The time of its last use.
    await utimes(join(known, "origin"), new Date(), new Date());
    return known;
  }
  const number = randomBytes(8).toString("hex");
  const home = join(databases, number);
  // First, so that the new home is never taken for one that no project names.
  await writeFile(pointer, `${number}\n`);
  await mkdir(home, { mode: 0o711 });
  await writeFile(join(home, "origin"), pointer);
  await removeOrphans(databases);
  return home;
}

/** The databases of this user; of root those that the server's user can reach. */
export async function databasesDirectory(user: ServerUser | undefined): Promise<string> {
  if (user) return sharedDirectory();
  const usual = join(userStateDirectory(process.env, homedir()), "databases");
  const directory = await mkdir(usual, { recursive: true, mode: 0o700 }).then(
    () => usual,
    () => undefined,
  );
  if (directory !== undefined) {
    await refuseUnsafe(directory);
    return directory;
  }
  // Without a home directory, as in some containers.
  const temporary = join(tmpdir(), `hasura-migrate-${process.getuid?.() ?? "user"}`);
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  await refuseUnsafe(temporary);
  return temporary;
}

async function homeNamedIn(pointer: string, databases: string): Promise<string | undefined> {
  const number = await textOf(pointer);
  if (number === undefined || !numberPattern.test(number)) return undefined;
  const home = join(databases, number);
  const origin = await textOf(join(home, "origin"));
  if (origin === undefined || origin === pointer) return origin === undefined ? undefined : home;
  // A copy of a project gets its own database; a project that was moved keeps its database.
  if ((await textOf(origin)) === number) return undefined;
  await writeFile(join(home, "origin"), pointer);
  return home;
}

/** Removes databases that no project names any more, and on which no server runs. */
async function removeOrphans(databases: string): Promise<void> {
  for (const number of await readdir(databases)) {
    const home = join(databases, number);
    const origin = await textOf(join(home, "origin"));
    if (origin === undefined || (await textOf(origin)) === number) continue;
    if (!(await wasGivenUp(origin)) && (await wasUsedLately(home))) continue;
    if (!(await findPostmaster(join(home, "data")))) await removeTree(home);
  }
}

/** The project is still where it was, and does not name the database any more. */
async function wasGivenUp(pointer: string): Promise<boolean> {
  return (await lstat(dirname(dirname(pointer))).catch(() => undefined)) !== undefined;
}

async function wasUsedLately(home: string): Promise<boolean> {
  const { mtimeMs } = await stat(join(home, "origin"));
  return Date.now() - mtimeMs < keptMs;
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Binaries that the server's user can execute: as they are, or a copy of the npm package's (60 MB, made once). */
export async function executableBinaries(
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<Binaries> {
  const { native } = binaries;
  if (!user || !native || (await canEnter(user, binaries.bin))) return binaries;
  const copy = join(await sharedDirectory(), `postgresql-${binaries.major}-${process.arch}`);
  if (!(await stat(copy).catch(() => undefined))) {
    const draft = `${copy}.${randomUUID()}`;
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    // The rename fails when a concurrent run has made the copy first.
    await rename(draft, copy).catch(() => rm(draft, { recursive: true, force: true }));
  }
  return { ...binaries, native: copy, bin: join(copy, "bin") };
}
