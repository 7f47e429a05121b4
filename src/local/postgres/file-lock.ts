import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../protocol/failure.ts";
import { describeSelf, isAlive } from "./process-identity.ts";

const retryMs = 25;
const giveUpMs = 60_000;

/**
 * Runs `work` while no other process does so with the same lock file. A lock whose holder died is taken over.
 * Throws a Failure (busy, `local-lock-held`) when a live process keeps it for a minute.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const token = `${await describeSelf()} ${randomUUID()}`;
  const startedAt = performance.now();
  while (!(await tryLock(path, token))) {
    if (performance.now() - startedAt > giveUpMs) {
      throw new Failure(
        "busy",
        "local-lock-held",
        `Another process holds ${path} and does not let go.`,
        {
          hints: [`if no other hasura-migrate runs here, remove ${path}`],
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

/** The lock appears with its content in one step (a link), so nobody ever reads a half-written one. */
async function tryLock(path: string, token: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, token);
  try {
    await link(draft, path);
    return true;
  } catch (thrown) {
    if (!isCode(thrown, "EEXIST")) throw thrown;
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
    // Between the read and the rename a third process may have broken the lock and taken it: give theirs back.
    if ((await readFile(aside, "utf8")) !== held) await link(aside, path);
  } catch (thrown) {
    if (!isCode(thrown, "ENOENT") && !isCode(thrown, "EEXIST")) throw thrown;
  } finally {
    await rm(aside, { force: true });
  }
}

/** Whether a thrown value is a system error with that code. */
export function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}
