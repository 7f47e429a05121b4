import { readFile } from "node:fs/promises";
import { pid as ownPid } from "node:process";
import { errorCode } from "../../system-error.ts";

/** This process as text, `<pid>-<start time>`. The start time (Linux only) tells it from a later process with the same pid. */
export async function ownIdentity(): Promise<string> {
  return `${ownPid}-${(await startTime(ownPid)) ?? ""}`;
}

/** Whether the process with that identity, as `ownIdentity` returns it, still runs. */
export async function isAlive(identity: string): Promise<boolean> {
  const [pidText = "", startedAt = ""] = identity.split("-");
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isRunning(pid)) return false;
  const actual = await startTime(pid);
  return startedAt === "" || actual === undefined || actual === startedAt;
}

/** Whether some process has this pid. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return errorCode(thrown) === "EPERM";
  }
}

/** Clock ticks from boot to the start of the process; undefined where /proc does not exist or the process is gone. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is a name in parentheses that may hold spaces; the 22nd field is the start time.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** True when a pid is certainly not a Postgres server. Known on Linux only; elsewhere always false. */
export async function isSurelyNotPostgres(pid: number): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => undefined);
  return name !== undefined && !name.trim().startsWith("postgres");
}
