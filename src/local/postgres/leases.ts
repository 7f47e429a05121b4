import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { describeSelf, isAlive } from "./process-identity.ts";

/** Says that this process uses the server, in a file named after it. Answers the file's path. */
export async function takeLease(home: string): Promise<string> {
  const folder = join(home, "leases");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${await describeSelf()}.${randomUUID().slice(0, 8)}`);
  await writeFile(path, "");
  return path;
}

/** Gives a lease back; true when nobody else who is alive holds one, that is, when the server is to be stopped. */
export async function returnLease(home: string, lease: string): Promise<boolean> {
  await rm(lease, { force: true });
  const folder = join(home, "leases");
  let others = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    if (await isAlive(name.split(".")[0] ?? "")) others += 1;
    else await rm(join(folder, name), { force: true }); // of a process that was killed
  }
  return others === 0;
}
