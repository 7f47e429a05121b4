import { readFile } from "node:fs/promises";
import { pid as ownPid } from "node:process";

/** A process as text, `<pid>-<start time>`: the start time (Linux) keeps a reused pid from passing for the old process. */
export async function describeSelf(): Promise<string> {
  return `${ownPid}-${(await startTime(ownPid)) ?? ""}`;
}

/** Whether the process that `describeSelf` described still runs. */
export async function isAlive(described: string): Promise<boolean> {
  const [pidText = "", startedAt = ""] = described.split("-");
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isRunning(pid)) return false;
  const now = await startTime(pid);
  return startedAt === "" || now === undefined || now === startedAt;
}

/** Whether some process has this pid. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown && thrown.code === "EPERM";
  }
}

/** Clock ticks from boot to the start of the process; undefined where /proc does not exist or the process is a zombie's. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is a name in parentheses that may hold spaces; the 22nd field is the start time.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

/** Whether a pid is certainly not a Postgres server (Linux only; elsewhere it may be). */
export async function isSurelyNotPostgres(pid: number): Promise<boolean> {
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => undefined);
  return name !== undefined && !name.trim().startsWith("postgres");
}
