import { mkdtemp, rm, symlink } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { readProject } from "../../../src/engine/project/project.ts";
import { startLambdaService } from "../../../src/local/lambda-service/index.ts";
import { bin, root, start, type Options, type Ran, type Running } from "../../e2e/support/cli.ts";
import { bundled } from "../../support/bundle.ts";
import { faultBench, newRequest, type FaultBench } from "./bench.ts";
import type { TestDatabase } from "./database.ts";
import { projectOnDisk } from "../../engine/support/run.ts";
import { filesOf, firstOf, versionsOf, type Sql } from "./migrations.ts";
import { startRelay, type Relay } from "./relay.ts";

/** A whole environment: the command line, a proxy, the Lambda service with the built function, and what is behind it. */
export interface ClientBench extends FaultBench {
  readonly relay: Relay;
  /** What the command line does, and the versions that are applied before and after it. */
  readonly task: ClientTask;
  /** An address at which nobody listens. */
  readonly closedUrl: string;
  /** Empties the database, and applies what is there before the command line does its task. */
  prepare(): Promise<void>;
  /**
   * Starts the command line on the environment, to do its task. `url`: another address of the service; `shortBounds`: it does
   * not wait long for what does not arrive, where its waits are short.
   */
  begin(more?: { readonly url?: string; readonly shortBounds?: boolean }): Promise<Running>;
  /** One plain run, without harm; returns what is wrong after it. */
  again(): Promise<string[]>;
  /** One run of the built CLI, to its end. */
  builtRun(): Promise<Ran>;
  /** Resolves when the function is there and waits for work: starting it takes long on a slow machine. */
  startFunction(): Promise<void>;
  /** Kills the function, at work or waiting for work, and returns how many processes it had. */
  killFunction(): number;
  /** Versions that are in the ledger at this moment, whatever is under way. */
  inLedger(): Promise<string[]>;
}

export interface ClientTask {
  readonly operation: "apply" | "reset-to";
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface ClientBenchOptions {
  readonly shortWaits?: boolean;
  readonly uploads?: boolean;
  readonly resets?: boolean;
}

/**
 * Starts one environment of its own for a test. With `shortWaits` the CLI is not the built one, but made of the same sources, and waits
 * a part of the time; the plain run is then made without it, because it is about the database alone. With `uploads` the migrations come
 * from a directory, and the image has one of them. With `resets` the first four are applied before, and the task is a reset to `sql`.
 */
export async function clientBench(
  t: TestContext,
  sql: Sql,
  { shortWaits = false, uploads = false, resets = false }: ClientBenchOptions = {},
): Promise<ClientBench> {
  const before = resets ? firstOf(4) : {};
  const task: ClientTask = {
    operation: resets ? "reset-to" : "apply",
    ...{ before: versionsOf(before), after: versionsOf(sql) },
  };
  const bench = await faultBench(t, sql);
  // The image has the first migration alone; the others are uploaded by every run.
  const image = uploads ? await projectOnDisk(t, filesOf(firstOf(1))) : bench.root;
  const [runtime, program] = await Promise.all([
    ownRuntime(t),
    shortWaits ? bundled(new URL("short-waits.ts", import.meta.url)) : bin,
  ]);
  const service = await startLambdaService({
    functionDirectory: join(root, "dist/function"),
    runtime,
    env: {
      HASURA_MIGRATE_ENVIRONMENT: "*",
      HASURA_MIGRATE_ENDPOINT: bench.network.url,
      HASURA_MIGRATE_ADMIN_SECRET: "test-admin-secret",
      HASURA_MIGRATE_DIRECTORY: image,
      HASURA_MIGRATE_SOURCES: "image,upload",
    },
  });
  t.onTestFinished(() => service.stop());
  const relay = await startRelay(t, {
    target: service.url,
    beforeLookup: () => (shortWaits ? letRunsAge(bench.database) : Promise.resolve()),
  });
  const branch = await projectOnDisk(t, filesOf(before));
  const beginWith = (url: string, options: Options): Promise<Running> =>
    start(
      t,
      [
        ...(resets ? ["reset-to", "dev-1", "--yes"] : ["dev-1"]),
        ...["--json", "--endpoint-url", url],
        ...(uploads ? ["--from", bench.root] : []),
      ],
      options,
    );
  const builtRun = async (): Promise<Ran> => (await beginWith(relay.url, {})).ended;
  return {
    ...bench,
    ...{ relay, task },
    prepare: async () => {
      await bench.database.reset(false);
      if (!resets) return;
      const { failure } = await bench.run(newRequest(), { project: () => readProject(branch) });
      if (failure) throw new Error(failure.message);
    },
    closedUrl: await closedUrl(),
    begin: ({ url = relay.url, shortBounds = false } = {}) =>
      beginWith(url, { program, env: { ...quiet, SHORT_BOUNDS: String(shortBounds) } }),
    builtRun,
    again: async () => {
      if (shortWaits) return bench.problems(await bench.run(newRequest(task.operation)));
      const { code, stdout, stderr } = await builtRun();
      const problems = await bench.databaseProblems();
      return code === 0
        ? problems
        : [`it ended with ${String(code)}: ${stdout}${stderr}`, ...problems];
    },
    endFaults: async () => {
      relay.expect({ faultOf: () => undefined });
      await relay.idle();
      await bench.endFaults();
    },
    startFunction: () => ping(service.url),
    killFunction: () => {
      const processes = processesOf(runtime);
      for (const pid of processes) process.kill(pid, "SIGKILL");
      return processes.length;
    },
    inLedger: async () =>
      (await hasLedger(bench.database))
        ? bench.database.texts("SELECT version FROM hasura_migrate.migration ORDER BY version")
        : [],
  };
}

async function ping(serviceUrl: string): Promise<void> {
  const answer = await fetch(
    new URL("/2015-03-31/functions/hasura-migrate-dev-1/invocations", serviceUrl),
    { method: "POST", body: JSON.stringify(newRequest("ping")) },
  );
  const text = await answer.text();
  if (!text.includes('"run.finished"')) throw new Error(`the function does not answer: ${text}`);
}

/** Of the SDK, about its future versions; the built entry sets it by itself. */
const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };

async function hasLedger(database: TestDatabase): Promise<boolean> {
  const [made] = await database.texts("SELECT to_regclass('hasura_migrate.run') IS NOT NULL");
  return made === "true";
}

/** As if the last sign of life of every run were a minute older: what takes silence for death does not have to be waited for. */
async function letRunsAge(database: TestDatabase): Promise<void> {
  if (await hasLedger(database))
    await database.query(`UPDATE hasura_migrate.run SET seen_at = seen_at - interval '1 minute';
      UPDATE hasura_migrate.step SET at = at - interval '1 minute'`);
}

async function closedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `http://127.0.0.1:${String(port)}`;
}

/** The runtime's program under a name of its own, by which this environment's processes are found. */
async function ownRuntime(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "client-bench-"));
  t.onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "runtime-client.mjs");
  await symlink(join(root, "dist/runtime-client.mjs"), file);
  return file;
}

function processesOf(program: string): number[] {
  const listed = execFileSync("ps", ["-e", "-ww", "-o", "pid=,args="], { encoding: "utf8" });
  return listed
    .split("\n")
    .flatMap((line) => (line.includes(program) ? [Number.parseInt(line, 10)] : []));
}
