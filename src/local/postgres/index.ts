import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { findBinaries } from "./binaries.ts";
import { openCluster } from "./cluster.ts";
import { notWritable, serverFailure } from "./explain.ts";
import { isCode, withFileLock } from "./file-lock.ts";
import { returnLease, takeLease } from "./leases.ts";
import { ownerForServer, reachable, serverHome } from "./owner.ts";
import { ensurePostmaster, stopPostmaster, stopProcess } from "./postmaster.ts";

/** `url`: the superuser, database "postgres", over TCP on 127.0.0.1. */
export interface PostgresServer {
  readonly url: string;
  /** Which server it is, with its version, and where its programs are when they were found on the PATH. */
  readonly description: string;
  /** The directory of its data. */
  readonly data: string;
  /** Gives the server up. The last user of a directory's server stops it, and returns when it has ended. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Where the database is kept between runs; made if missing. Removing it while no server runs means a fresh start. */
  readonly directory: string;
  /** PATH to search for an installed server when the npm package is missing. */
  readonly path?: string;
  readonly log?: (line: string) => void;
}

/**
 * The embedded PostgreSQL server. Started on first use, found again when a killed run left it
 * behind, shared by
 * processes that use one directory at the same time. As root it runs under the user `nobody`.
 * Throws a Failure of kind usage: `embedded-postgres-missing`, `directory-not-writable`, `disk-full`,
 * `data-directory-version`, `embedded-postgres-failed`; of kind busy: `local-lock-held`.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const search = {
    from: [import.meta.url, join(options.directory, "here.js")],
    path: options.path ?? process.env["PATH"] ?? "",
  };
  const binaries = await findBinaries(search);
  const owner = await ownerForServer();
  try {
    await mkdir(options.directory, { recursive: true });
    const home = await serverHome(await realpath(options.directory), owner);
    const lock = join(home, "lock");
    return await withFileLock(lock, async () => {
      const usable = await reachable(binaries, owner);
      const cluster = await openCluster(home, usable, owner);
      const lease = await takeLease(home);
      try {
        const { pid, port } = await ensurePostmaster({
          home,
          data: cluster.data,
          binaries: usable,
          owner,
        });
        options.log?.(`${binaries.description} on 127.0.0.1:${port}, data in ${cluster.data}`);
        const url = `postgres://postgres:${cluster.password}@127.0.0.1:${port}/postgres`;
        const { description } = binaries;
        return {
          url,
          description,
          data: cluster.data,
          stop: stopper({ home, lock, lease, data: cluster.data, pid }),
        };
      } catch (thrown) {
        await returnLease(home, lease);
        throw thrown;
      }
    });
  } catch (thrown) {
    if (["EACCES", "EROFS", "EPERM", "ENOTDIR", "EEXIST"].some((code) => isCode(thrown, code)))
      throw notWritable(options.directory, thrown);
    if (isCode(thrown, "ENOSPC")) throw serverFailure("mkdir", options.directory, "", thrown);
    throw thrown;
  }
}

interface Held {
  readonly home: string;
  readonly lock: string;
  readonly lease: string;
  readonly data: string;
  readonly pid: number;
}

function stopper({ home, lock, lease, data, pid }: Held): () => Promise<void> {
  const stop = async (): Promise<void> => {
    try {
      await withFileLock(lock, async () => {
        if (await returnLease(home, lease)) await stopPostmaster(data);
      });
    } catch (thrown) {
      if (!isCode(thrown, "ENOENT")) throw thrown;
      await stopProcess(pid); // somebody removed the directory: nobody else can use this server any more
    }
  };
  let stopping: Promise<void> | undefined;
  return () => (stopping ??= stop());
}
