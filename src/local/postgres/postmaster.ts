import { spawn } from "node:child_process";
import { chown, mkdir, open, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../protocol/failure.ts";
import type { Binaries } from "./binaries.ts";
import { serverFailure } from "./explain.ts";
import type { Owner } from "./owner.ts";
import { isRunning, isSurelyNotPostgres } from "./process-identity.ts";

const pollMs = 10;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
/** The longest path of a Unix socket that every system takes (macOS: 104 bytes with the final zero). */
const longestSocketPath = 103;

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** The server that runs on a data directory, by its postmaster.pid: one that a killed run left behind is found here. */
export async function findPostmaster(
  data: string,
): Promise<(Postmaster & { ready: boolean }) | undefined> {
  const lines = (await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (!isRunning(pid) || (await isSurelyNotPostgres(pid))) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === "ready" };
}

interface Launch {
  readonly home: string;
  readonly data: string;
  readonly binaries: Binaries;
  readonly owner: Owner | undefined;
}

/** Starts a server, or waits for the one that is starting already. Throws what `serverFailure` says. */
export async function ensurePostmaster(launch: Launch): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const found = await findPostmaster(launch.data);
    if (found) return await untilReady(launch, found.pid, () => undefined);
    // Its process is gone, and its number may belong to somebody else by now: Postgres would refuse to start.
    await rm(join(launch.data, "postmaster.pid"), { force: true });
    try {
      return await start(launch);
    } catch (thrown) {
      const portTaken =
        thrown instanceof Failure && String(thrown.cause).includes("could not bind");
      if (!portTaken || attempt === 5) throw thrown;
    }
  }
}

async function start(launch: Launch): Promise<Postmaster> {
  const { home, data, binaries, owner } = launch;
  const logPath = join(home, "postgres.log");
  const log = await open(logPath, "w", 0o600);
  const sockets = await socketDirectory(home, owner);
  let ended: string | undefined;
  try {
    const flags = [
      "-D",
      data,
      "-p",
      String(await freePort()),
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      `unix_socket_directories=${sockets}`,
      "-c",
      "max_connections=200",
    ];
    // Detached: Ctrl-C in a terminal goes to the whole process group, and the server must outlive the run that cleans up.
    const child = spawn(join(binaries.bin, "postgres"), flags, {
      cwd: data,
      env: { TZ: "UTC", PATH: "/usr/bin:/bin" },
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
      ...owner,
    });
    child.once("error", (error) => (ended = error.message));
    child.once("exit", (code, signal) => (ended = `postgres ended with ${signal ?? code}`));
    child.unref();
    return await untilReady(launch, child.pid, () => ended);
  } finally {
    await log.close();
  }
}

async function untilReady(
  launch: Launch,
  pid: number | undefined,
  ended: () => string | undefined,
): Promise<Postmaster> {
  const startedAt = performance.now();
  for (;;) {
    const found = await findPostmaster(launch.data);
    if (found?.ready && found.pid === pid) return { pid: found.pid, port: found.port };
    const why = ended() ?? (pid !== undefined && !isRunning(pid) ? "postgres is gone" : undefined);
    if (why !== undefined || performance.now() - startedAt > startTimeoutMs) {
      const output = await readFile(join(launch.home, "postgres.log"), "utf8").catch(() => "");
      throw serverFailure(
        "postgres",
        launch.home,
        output,
        new Error(why ?? "it was not ready after a minute"),
      );
    }
    await pause(pollMs);
  }
}

/** Stops the server that runs on a data directory, if one does, and waits for its end. */
export async function stopPostmaster(data: string): Promise<void> {
  const found = await findPostmaster(data);
  if (found) await stopProcess(found.pid);
}

/** Fast shutdown (sessions are ended, a checkpoint is written); an immediate one when that takes too long. */
export async function stopProcess(pid: number): Promise<void> {
  const runs = async (): Promise<boolean> => isRunning(pid) && !(await isSurelyNotPostgres(pid));
  if (!(await runs())) return;
  process.kill(pid, "SIGINT");
  const startedAt = performance.now();
  let asked: "fast" | "immediate" = "fast";
  while (await runs()) {
    const tookMs = performance.now() - startedAt;
    if (asked === "fast" && tookMs > stopTimeoutMs) {
      asked = "immediate";
      process.kill(pid, "SIGQUIT");
    }
    if (tookMs > 2 * stopTimeoutMs) return;
    await pause(pollMs);
  }
}

/** Empty (no Unix socket) where the path would be too long for one. */
async function socketDirectory(home: string, owner: Owner | undefined): Promise<string> {
  const directory = join(home, "socket");
  if (
    Buffer.byteLength(join(directory, ".s.PGSQL.65535")) > longestSocketPath ||
    directory.includes(",")
  )
    return "";
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (owner) await chown(directory, owner.uid, owner.gid);
  return directory;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("no port"));
      });
    });
  });
}
