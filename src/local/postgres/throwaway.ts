import { mkdir, readdir } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { binariesIn, findBinaries, type Binaries } from "./binaries.ts";
import { openCluster, superuser } from "./cluster.ts";
import { databasesDirectory, executableBinaries } from "./data-directory.ts";
import { serverFailure } from "./failures.ts";
import { ensurePostmaster, findPostmaster, stopPostmaster } from "./postmaster.ts";
import { removeTree } from "./remove-tree.ts";
import { isAlive, ownIdentity } from "./process-identity.ts";
import { serverUser, type ServerUser } from "./server-user.ts";
import { errorCode } from "../../system-error.ts";

/** A server for one process, which is removed with everything in it. */
export interface ThrowawayServer {
  /** The address of the superuser and the database "postgres", over TCP on 127.0.0.1. */
  readonly url: string;
  /** Name and version, and the directory of the binaries when they are not the npm package's. */
  readonly description: string;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

export interface ThrowawayOptions {
  /** The directory of the server's programs; if absent, those of the npm package, or else those on the PATH. */
  readonly bin?: string | undefined;
  /** A module or directory from which the npm package is resolved, in addition to this one. */
  readonly from: string;
  /** The command that needs the server, for messages. */
  readonly command: string;
}

/** Settings for a server whose data need not survive a crash. */
const settings = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "autovacuum=off",
  "max_wal_senders=0",
];

const prefix = "hasura-migrate-once-";

/**
 * Starts a new, empty server. Servers that killed processes left behind are stopped and removed.
 * @throws Failure as `startPostgres` does, and usage/postgres-bin-unusable
 */
export async function startThrowaway(options: ThrowawayOptions): Promise<ThrowawayServer> {
  const binaries = await chosenBinaries(options);
  const user = await serverUser();
  const parent = await databasesDirectory(user);
  await removeAbandoned(parent);
  const home = join(parent, `${prefix}${await ownIdentity()}.${randomBytes(6).toString("hex")}`);
  try {
    await mkdir(home, { mode: 0o711 });
    return await startIn(home, binaries, user);
  } catch (thrown) {
    await remove(home);
    throw errorCode(thrown) === "ENOSPC" ? serverFailure("mkdir", home, "", thrown) : thrown;
  }
}

async function chosenBinaries({ bin, from, command }: ThrowawayOptions): Promise<Binaries> {
  if (bin !== undefined) return binariesIn(bin);
  return findBinaries({
    from: [import.meta.url, join(from, "here.js")],
    path: process.env["PATH"] ?? "",
    command,
  });
}

async function startIn(
  home: string,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<ThrowawayServer> {
  const executable = await executableBinaries(binaries, user);
  const { data, password } = await openCluster(home, executable, user, { keep: false });
  const { port } = await ensurePostmaster({ home, data, binaries: executable, user, settings });
  return {
    url: `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`,
    description: binaries.description,
    stop: () => remove(home),
  };
}

/** Removes the servers of processes that are gone. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const [owner = ""] = name.slice(prefix.length).split(".");
    if (!(await isAlive(owner))) await remove(join(parent, name));
  }
}

async function remove(home: string): Promise<void> {
  const data = join(home, "data");
  if (await findPostmaster(data)) await stopPostmaster(data);
  await removeTree(home);
}
