import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { isAlive, ownIdentity } from "./process-identity.ts";

/*
 * A lease is an empty file, named after the process that uses the server in `home`. The last holder stops the server.
 */

/** Records that this process uses the server. Returns the lease's path. */
export async function acquireLease(home: string): Promise<string> {
  const folder = join(home, "leases");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${await ownIdentity()}.${randomUUID().slice(0, 8)}`);
  await writeFile(path, "");
  return path;
}

/** Removes a lease. Returns true when no live process holds another one, so that the server can be stopped. */
export async function releaseLease(home: string, lease: string): Promise<boolean> {
  await rm(lease, { force: true });
  const folder = join(home, "leases");
  let others = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    if (await isAlive(name.split(".")[0] ?? "")) others += 1;
    else await rm(join(folder, name), { force: true }); // its process was killed
  }
  return others === 0;
}
