import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../protocol/failure.ts";
import { commandHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import { isAlive, ownIdentity } from "./process-identity.ts";

const retryMs = 25;
const giveUpMs = 60_000;

/**
 * Runs `work` while holding a lock file, so that only one process at a time does. A lock whose holder died is taken over.
 * @throws Failure busy/local-lock-held when a live process holds it for a minute
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const token = `${await ownIdentity()} ${randomUUID()}`;
  const startedAt = performance.now();
  while (!(await tryLock(path, token))) {
    if (performance.now() - startedAt > giveUpMs) {
      throw new Failure(
        "busy",
        "local-lock-held",
        `Another process has held the lock ${path} for more than a minute.`,
        {
          hints: [
            commandHint(["rm", path], "if no other hasura-migrate is running on this machine"),
          ],
        },
      );
    }
    await pause(retryMs);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** A hard link creates the lock together with its content, so that no process reads a half-written one. */
async function tryLock(path: string, token: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, token);
  try {
    await link(draft, path);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) !== "EEXIST") throw thrown;
    await breakIfStale(path);
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}

async function breakIfStale(path: string): Promise<void> {
  const held = await readFile(path, "utf8").catch(() => undefined);
  if (held === undefined || (await isAlive(held.split(" ")[0] ?? ""))) return;
  const aside = `${path}.stale.${randomUUID()}`;
  try {
    await rename(path, aside);
    // Between the read and the rename another process may have broken and acquired the lock: restore its lock.
    if ((await readFile(aside, "utf8")) !== held) await link(aside, path);
  } catch (thrown) {
    if (!["ENOENT", "EEXIST"].includes(errorCode(thrown) ?? "")) throw thrown;
  } finally {
    await rm(aside, { force: true });
  }
}
