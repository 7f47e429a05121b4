import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import pg from "pg";
import * as z from "zod";
import { bin, environment, root } from "./programs.ts";

const Serving = z.object({
  lambdaUrl: z.string(),
  accessKeyId: z.string(),
  hasuraUrl: z.string(),
  adminSecret: z.string(),
});

/** `hasura-migrate local --serve` in a process of its own. */
export interface Served {
  readonly lambdaUrl: string;
  /** The only key that the Lambda service accepts; other programs than this CLI have to send it. */
  readonly accessKeyId: string;
  /** Of the Hasura-compatible API. */
  readonly hasuraUrl: string;
  readonly adminSecret: string;
  readonly pid: number;
  /** The log so far; with --debug it has a line for each request to Hasura's API, and the function's output. */
  log(): string;
  /** The requests to Hasura's API so far; only with --debug. */
  requests(): number;
  stop(): Promise<void>;
}

/** The user `nobody`, for a process of root that must not be able to write to the project. */
const nobody = 65_534;

/** Starts `hasura-migrate local --serve` so that its function cannot write to the project, as in an image. `home`: a directory of its own. */
export function servedSealed(
  migrations: string,
  databaseUrl: string,
  home: string,
): Promise<Served> {
  mkdirSync(home, { recursive: true });
  if (process.getuid?.() !== 0) return serve(migrations, databaseUrl, []);
  chownSync(home, nobody, nobody);
  const as = { uid: nobody, gid: nobody, cwd: home, env: { ...environment, HOME: home } };
  return serve(migrations, databaseUrl, [], as);
}

/**
 * Starts `hasura-migrate local --serve`.
 * @param more further options, such as `--debug`
 */
export function served(
  migrations: string,
  databaseUrl: string,
  ...more: string[]
): Promise<Served> {
  return serve(migrations, databaseUrl, more);
}

async function serve(
  migrations: string,
  databaseUrl: string,
  more: readonly string[],
  as: Pick<SpawnOptions, "uid" | "gid" | "cwd" | "env"> = {},
): Promise<Served> {
  const argv = [
    "local",
    "--serve",
    "--json",
    "--migrations",
    migrations,
    "--database-url",
    databaseUrl,
    ...more,
  ];
  const child = spawn(process.execPath, [bin, ...argv], {
    cwd: root,
    env: environment,
    ...as,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
  const ended = once(child, "close");
  while (!texts.stdout.includes("\n")) {
    await Promise.race([once(child.stdout, "data"), ended]);
    if (child.exitCode !== null) throw new Error(`local --serve exited:\n${texts.stderr}`);
  }
  const serving = Serving.parse(JSON.parse(texts.stdout));
  return {
    ...serving,
    pid: child.pid ?? 0,
    log: () => texts.stderr,
    requests: () => texts.stderr.match(/^\/v\d\/\w+ /gm)?.length ?? 0,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Creates an empty database on the server, and returns its address. */
export async function newDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** The peak resident memory, in MB, of the function's process, a child of `serverPid`; undefined except on Linux. */
export function functionMemoryMb(serverPid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  const peaks = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const isFunction = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(
          "runtime-client.mjs",
        );
        const parent = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1]);
        return isFunction && parent === serverPid
          ? [Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024]
          : [];
      } catch {
        return []; // it has exited meanwhile
      }
    });
  return peaks.length > 0 ? Math.max(...peaks) : undefined;
}
