import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { startHasuraApi } from "../../../src/local/hasura-api/index.ts";
import { startLambdaService } from "../../../src/local/lambda-service/index.ts";
import { startPostgres } from "../../../src/local/postgres/index.ts";

const runProgram = promisify(execFile);
const runtime = fileURLToPath(new URL("container-runtime.mjs", import.meta.url));

/** Local Lambda whose function is a container of an image, beside a local Hasura on a new database. */
export interface ContainerService {
  readonly lambdaUrl: string;
  /** Of the container's first process, as the host sees it; undefined when none runs. */
  processId(): Promise<number | undefined>;
  /** What the function wrote. */
  log(): string;
  query(sql: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export interface ContainerOptions {
  /** A directory of the host that the function reads in place of the image's own. */
  readonly migrations?: string;
  /** In place of the image's own user. */
  readonly user?: string;
}

export async function startContainerService(
  image: string,
  { migrations, user }: ContainerOptions = {},
): Promise<ContainerService> {
  const directory = await mkdtemp(join(tmpdir(), "hasura-migrate-image-"));
  await chmod(directory, 0o711);
  const postgres = await startPostgres({ directory });
  const hasura = await startHasuraApi({
    metadataUrl: postgres.url,
    adminSecret: "a-secret-for-the-image",
    sources: [{ name: "default", kind: "postgres", url: postgres.url }],
  });
  const name = `hasura-migrate-${randomUUID()}`;
  let log = "";
  const lambda = await startLambdaService({
    functionDirectory: directory,
    runtime,
    memoryMb: 256,
    initTimeoutMs: 60_000,
    concurrency: 1,
    log: (text) => (log += text),
    env: {
      HASURA_MIGRATE_ENVIRONMENT: "*",
      HASURA_MIGRATE_ENDPOINT: hasura.url,
      HASURA_MIGRATE_ADMIN_SECRET: "a-secret-for-the-image",
      // As Lambda sets them for an image: nothing, and a place of its own.
      _HANDLER: "",
      LAMBDA_TASK_ROOT: "/var/task",
      CONTAINER_IMAGE: image,
      CONTAINER_NAME: name,
      CONTAINERS_CONF: process.env["CONTAINERS_CONF"] ?? "",
      ...(user !== undefined && { CONTAINER_USER: user }),
      ...(migrations !== undefined && {
        HASURA_MIGRATE_DIRECTORY: "/mnt/project",
        CONTAINER_VOLUME: `${migrations}:/mnt/project:ro`,
      }),
    },
  });
  return {
    lambdaUrl: lambda.url,
    processId: () => processIdOf(name),
    log: () => log,
    query: (sql) => query(postgres.url, sql),
    stop: async () => {
      await lambda.stop();
      // The service ended podman, but the container belongs to a separate monitor process.
      await runProgram("podman", ["rm", "--force", "--ignore", "--time", "0", name]).catch(
        () => undefined,
      );
      await hasura.stop();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function processIdOf(name: string): Promise<number | undefined> {
  const asked = await runProgram("podman", ["inspect", "--format", "{{.State.Pid}}", name]).catch(
    () => undefined,
  );
  const id = Number(asked?.stdout.trim());
  return Number.isInteger(id) && id > 0 ? id : undefined;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Epoch milliseconds, to 10 ms: the kernel counts a process's start in hundredths of a second since its own. */
export function startOf(processId: number): number {
  const afterName =
    readFileSync(`/proc/${String(processId)}/stat`, "utf8")
      .split(") ")
      .at(-1) ?? "";
  const ticks = Number(afterName.split(" ")[19]);
  const bootedAt = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
  const uptimeMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  // `btime` is in whole seconds; the clock and the uptime read together are finer.
  const bootMs =
    Math.abs(Date.now() - uptimeMs - bootedAt * 1000) < 2000
      ? Date.now() - uptimeMs
      : bootedAt * 1000;
  return bootMs + ticks * 10;
}

/** Peak memory of a process, in MB. */
export function peakMemoryOf(processId: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(
    readFileSync(`/proc/${String(processId)}/status`, "utf8"),
  )?.[1];
  return Number(kilobytes) / 1024;
}
