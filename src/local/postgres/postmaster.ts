import { spawn } from "node:child_process";
import { chown, mkdir, open, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Binaries } from "./binaries.ts";
import { serverFailure } from "./failures.ts";
import type { ServerUser } from "./server-user.ts";
import { isRunning, isSurelyNotPostgres } from "./process-identity.ts";

const pollMs = 10;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
/** The longest path of a Unix socket that every system accepts (macOS: 104 bytes with the final zero). */
const longestSocketPath = 103;

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** The server that runs on a data directory, from its postmaster.pid. Also finds one that a killed run left running. */
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
  readonly user: ServerUser | undefined;
  /** Further settings of the server: `fsync=off`. */
  readonly settings?: readonly string[];
}

/** The server's process did not become ready. `portInUse`: another program was listening on its port. */
class PostmasterExit extends Error {
  readonly output: string;
  readonly portInUse: boolean;

  constructor(reason: string, output: string) {
    super(reason);
    this.output = output;
    this.portInUse = output.includes("could not bind");
  }
}

const startAttempts = 5;

/**
 * Starts a server, or waits for one that is already starting.
 * @throws Failure as `serverFailure` makes them
 */
export async function ensurePostmaster(launch: Launch): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await findOrStart(launch);
    } catch (thrown) {
      if (!(thrown instanceof PostmasterExit)) throw thrown;
      if (!thrown.portInUse || attempt === startAttempts)
        throw serverFailure("postgres", launch.home, thrown.output, thrown);
    }
  }
}

async function findOrStart(launch: Launch): Promise<Postmaster> {
  const found = await findPostmaster(launch.data);
  if (found) return await waitUntilReady(launch, found.pid, () => undefined);
  // The process is gone, and another one may have its pid by now: Postgres would refuse to start.
  await rm(join(launch.data, "postmaster.pid"), { force: true });
  return await start(launch);
}

async function start(launch: Launch): Promise<Postmaster> {
  const { home, data, binaries, user } = launch;
  const logPath = join(home, "postgres.log");
  const log = await open(logPath, "w", 0o600);
  const sockets = await socketDirectory(home, user);
  const settings = [
    "listen_addresses=127.0.0.1",
    `unix_socket_directories=${sockets}`,
    "max_connections=200",
    ...(launch.settings ?? []),
  ];
  let exit: string | undefined;
  try {
    const port = String(await freePort());
    const flags = ["-D", data, "-p", port, ...settings.flatMap((setting) => ["-c", setting])];
    // Detached: Ctrl-C signals the whole process group, and the server must outlive the program that cleans up.
    const child = spawn(join(binaries.bin, "postgres"), flags, {
      cwd: data,
      env: { TZ: "UTC", PATH: "/usr/bin:/bin" },
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
      ...user,
    });
    child.once("error", (error) => (exit = error.message));
    child.once("exit", (code, signal) => (exit = `postgres exited with ${signal ?? code}`));
    child.unref();
    return await waitUntilReady(launch, child.pid, () => exit);
  } finally {
    await log.close();
  }
}

/** @throws PostmasterExit when the process has ended, or was not ready in time */
async function waitUntilReady(
  launch: Launch,
  pid: number | undefined,
  exitOf: () => string | undefined,
): Promise<Postmaster> {
  const startedAt = performance.now();
  for (;;) {
    const found = await findPostmaster(launch.data);
    if (found?.ready && found.pid === pid) return { pid: found.pid, port: found.port };
    const isGone = pid !== undefined && !isRunning(pid);
    const reason = exitOf() ?? (isGone ? "postgres has exited" : undefined);
    if (reason !== undefined || performance.now() - startedAt > startTimeoutMs) {
      const output = await readFile(join(launch.home, "postgres.log"), "utf8").catch(() => "");
      throw new PostmasterExit(reason ?? "postgres was not ready after a minute", output);
    }
    await pause(pollMs);
  }
}

/** Stops the server that runs on a data directory, if there is one, and waits until it has exited. */
export async function stopPostmaster(data: string): Promise<void> {
  const found = await findPostmaster(data);
  if (found) await stopProcess(found.pid);
}

/** Requests a fast shutdown (it ends sessions and writes a checkpoint), and an immediate one when that takes too long. */
export async function stopProcess(pid: number): Promise<void> {
  const isServer = async (): Promise<boolean> =>
    isRunning(pid) && !(await isSurelyNotPostgres(pid));
  if (!(await isServer())) return;
  process.kill(pid, "SIGINT");
  const startedAt = performance.now();
  let mode: "fast" | "immediate" = "fast";
  while (await isServer()) {
    const tookMs = performance.now() - startedAt;
    if (mode === "fast" && tookMs > stopTimeoutMs) {
      mode = "immediate";
      process.kill(pid, "SIGQUIT");
    }
    if (tookMs > 2 * stopTimeoutMs) return;
    await pause(pollMs);
  }
}

/** The server's setting for Unix sockets; empty (none) when the path would be too long. */
async function socketDirectory(home: string, user: ServerUser | undefined): Promise<string> {
  const directory = join(home, "socket");
  if (
    Buffer.byteLength(join(directory, ".s.PGSQL.65535")) > longestSocketPath ||
    directory.includes(",")
  )
    return "";
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (user) await chown(directory, user.uid, user.gid);
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
