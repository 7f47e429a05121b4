import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join, parse } from "node:path";
import type { Binaries } from "./binaries.ts";
import { findPostmaster } from "./postmaster.ts";

/** As whom the server runs. Postgres refuses to run as root, so root lends it the unprivileged user every system has. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined: the server runs as we do. */
export async function ownerForServer(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
  const fields =
    passwd
      .split("\n")
      .find((line) => line.startsWith("nobody:"))
      ?.split(":") ?? [];
  const id = (text: string | undefined): number =>
    text === undefined || text === "" ? 65534 : Number(text) >>> 0;
  return { uid: id(fields[2]), gid: id(fields[3]) };
}

/** Whether that owner may enter a directory: every directory above it and itself must let others pass. */
export async function canEnter(owner: Owner, directory: string): Promise<boolean> {
  for (let place = directory; ; place = dirname(place)) {
    const found = await stat(place).catch(() => undefined);
    if (!found) return false;
    const bit = found.uid === owner.uid ? 0o100 : found.gid === owner.gid ? 0o010 : 0o001;
    if ((found.mode & bit) === 0) return false;
    if (place === parse(place).root) return true;
  }
}

/** Under which things are put that the owner cannot reach where they are (a project below /root). Root's alone to list. */
async function shelter(): Promise<string> {
  for (const base of ["/var/lib", tmpdir()]) {
    const place = join(base, "hasura-migrate");
    try {
      await mkdir(place, { recursive: true, mode: 0o711 });
      await chmod(place, 0o711);
      const { uid } = await stat(place);
      if (uid === 0) return place;
    } catch {
      continue; // read-only, or somebody else's: the next one
    }
  }
  const own = join(tmpdir(), `hasura-migrate-${randomUUID()}`);
  await mkdir(own, { mode: 0o711 });
  return own;
}

/**
 * Where the server's files go: in `directory`, or, when the server's owner cannot enter that, elsewhere, with a pointer
 * kept in `directory`. Removing `directory` therefore always means a fresh database.
 */
export async function serverHome(directory: string, owner: Owner | undefined): Promise<string> {
  if (!owner || (await canEnter(owner, directory))) return directory;
  const pointer = join(directory, "location");
  const known = (await readFile(pointer, "utf8").catch(() => "")).trim();
  if (known !== "" && (await stat(known).catch(() => undefined))) return known;
  const place = await shelter();
  await sweep(place);
  const home = join(place, randomUUID().slice(0, 8));
  await mkdir(home, { mode: 0o711 });
  await writeFile(join(home, "origin"), pointer);
  await writeFile(pointer, `${home}\n`);
  return home;
}

/** Removes databases whose project is gone: nothing points to them any more, and no server runs on them. */
async function sweep(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const home = join(place, name);
    const pointer = await readFile(join(home, "origin"), "utf8").catch(() => undefined);
    if (pointer === undefined || (await readFile(pointer, "utf8").catch(() => "")).trim() === home)
      continue;
    if (!(await findPostmaster(join(home, "data"))))
      await rm(home, { recursive: true, force: true });
  }
}

/** Programs that the owner can execute: as they are, or a copy of the npm package's (60 MB, made once). */
export async function reachable(binaries: Binaries, owner: Owner | undefined): Promise<Binaries> {
  const { native } = binaries;
  if (!owner || !native || (await canEnter(owner, binaries.bin))) return binaries;
  const copy = join(await shelter(), `postgresql-${binaries.major}-${process.arch}`);
  if (!(await stat(copy).catch(() => undefined))) {
    const draft = `${copy}.${randomUUID()}`;
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await rename(draft, copy).catch(() => rm(draft, { recursive: true, force: true })); // another run was first
  }
  return { ...binaries, native: copy, bin: join(copy, "bin") };
}
