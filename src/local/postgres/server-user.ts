import { chmod, lstat, mkdir, readFile, stat } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join, parse } from "node:path";

/** The system user that the server runs as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const fallbackId = 65534;

/** Postgres refuses to run as root, so root runs it as `nobody`. Undefined: the server runs as the current user. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile("/etc/passwd", "utf8").catch(() => "");
  const line = passwd.split("\n").find((entry) => entry.startsWith("nobody:")) ?? "";
  const [, , uid = "", gid = ""] = line.split(":");
  const id = (text: string): number => (text === "" ? fallbackId : Number(text) >>> 0);
  return { uid: id(uid), gid: id(gid) };
}

/** Whether a user can enter a directory: it and every directory above it must grant the right to. */
export async function canEnter(user: ServerUser, directory: string): Promise<boolean> {
  for (let current = directory; ; current = dirname(current)) {
    const found = await stat(current).catch(() => undefined);
    if (!found) return false;
    const bit = found.uid === user.uid ? 0o100 : found.gid === user.gid ? 0o010 : 0o001;
    if ((found.mode & bit) === 0) return false;
    if (current === parse(current).root) return true;
  }
}

/**
 * A directory owned by root that every user can enter and only root can list, for what the server's user cannot reach where
 * it is (a project below /root). Created when missing.
 */
export async function sharedDirectory(): Promise<string> {
  for (const parent of ["/var/lib", tmpdir()]) {
    const directory = join(parent, "hasura-migrate");
    try {
      await mkdir(directory, { recursive: true, mode: 0o711 });
      // Before anything is changed: in a directory for temporary files it can be somebody else's, or a link.
      const found = await lstat(directory);
      if (found.uid !== 0 || found.isSymbolicLink()) continue;
      await chmod(directory, 0o711);
      return directory;
    } catch {
      continue; // read-only, or owned by another user: try the next one
    }
  }
  const own = join(tmpdir(), `hasura-migrate-${randomUUID()}`);
  await mkdir(own, { mode: 0o711 });
  return own;
}
