import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { findPostmaster } from "./postmaster.ts";
import { canEnter, sharedDirectory, type ServerUser } from "./server-user.ts";

/**
 * The directory for the server's files: `directory`, or, when the server's user cannot enter it, one elsewhere whose path is
 * kept in `directory`/location. Either way, removing `directory` leads to a fresh database.
 */
export async function serverHome(directory: string, user: ServerUser | undefined): Promise<string> {
  if (!user || (await canEnter(user, directory))) return directory;
  const pointer = join(directory, "location");
  const known = (await readFile(pointer, "utf8").catch(() => "")).trim();
  if (known !== "" && (await stat(known).catch(() => undefined))) return known;
  const shared = await sharedDirectory();
  await removeOrphans(shared);
  const home = join(shared, randomUUID().slice(0, 8));
  await mkdir(home, { mode: 0o711 });
  await writeFile(join(home, "origin"), pointer);
  await writeFile(pointer, `${home}\n`);
  return home;
}

/** Removes databases whose project is gone: no `location` file names them any more, and no server runs on them. */
async function removeOrphans(shared: string): Promise<void> {
  for (const name of await readdir(shared)) {
    const home = join(shared, name);
    const pointer = await readFile(join(home, "origin"), "utf8").catch(() => undefined);
    if (pointer === undefined || (await readFile(pointer, "utf8").catch(() => "")).trim() === home)
      continue;
    if (!(await findPostmaster(join(home, "data"))))
      await rm(home, { recursive: true, force: true });
  }
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
