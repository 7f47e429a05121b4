import { mkdtemp, rm, symlink } from "node:fs/promises";
import { execFile } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestContext } from "vitest";
import { startLambdaService } from "../../../src/local/lambda-service/index.ts";
import { root, start, type Ran, type Running } from "../../e2e/support/cli.ts";
import { faultBench, type FaultBench } from "./bench.ts";
import type { Sql } from "./migrations.ts";
import { startRelay, type Relay } from "./stream-cut.ts";

/** A whole environment: the built command line, a proxy, the Lambda service with the built function, and what falseReports behind it. */
export interface ClientBench extends FaultBench {
  readonly relay: Relay;
  /** An address at which nobody listens. */
  readonly closedUrl: string;
  /** Starts the command line on the environment, to apply what is pending. `url`: another address of the service. */
  apply(url?: string): Promise<Running>;
  /** One plain run, without harm. */
  again(): Promise<Ran>;
  /** Process ids of the function, at work or waiting for work. */
  functions(): Promise<number[]>;
  /** Versions that are in the ledger at this moment, whatever is under way. */
  inLedger(): Promise<string[]>;
}

/** Starts one environment of its own for a test. */
export async function clientBench(t: TestContext, sql: Sql): Promise<ClientBench> {
  const bench = await faultBench(t, sql);
  const runtime = await ownRuntime(t);
  const service = await startLambdaService({
    functionDirectory: join(root, "dist/function"),
    runtime,
    env: {
      HASURA_MIGRATE_ENVIRONMENT: "*",
      HASURA_MIGRATE_ENDPOINT: bench.network.url,
      HASURA_MIGRATE_ADMIN_SECRET: "test-admin-secret",
      HASURA_MIGRATE_DIRECTORY: bench.root,
    },
  });
  t.onTestFinished(() => service.stop());
  const relay = await startRelay(t, service.url);
  const apply = (url = relay.url): Promise<Running> =>
    start(t, ["dev-1", "--json", "--endpoint-url", url]);
  return {
    ...bench,
    relay,
    closedUrl: await closedUrl(),
    apply,
    again: async () => (await apply()).ended,
    endFaults: async () => {
      relay.expect(() => undefined);
      await relay.idle();
      await bench.endFaults();
    },
    functions: () => processesOf(runtime),
    inLedger: async () => {
      const [made] = await bench.database.texts(
        "SELECT to_regclass('hasura_migrate.migration') IS NOT NULL",
      );
      return made === "true"
        ? bench.database.texts("SELECT version FROM hasura_migrate.migration ORDER BY version")
        : [];
    },
  };
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

async function processesOf(program: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-e", "-ww", "-o", "pid=,args="]);
  return stdout
    .split("\n")
    .flatMap((line) => (line.includes(program) ? [Number.parseInt(line, 10)] : []));
}
