import { randomUUID } from "node:crypto";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startHasuraApi } from "../../src/local/hasura-api/index.ts";
import { claimServer, inspectServer, type HasuraServer } from "../hasura/support/claim-server.ts";
import { setup as startPostgres } from "./postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The server whose behaviour the project `hasura` checks. */
    hasura: HasuraServer;
  }
}

type Teardown = () => Promise<void>;

/**
 * The server that HASURA_TEST_ENDPOINT names (with HASURA_TEST_SECRET, and the source in HASURA_TEST_SOURCE), else the local
 * Hasura-compatible API on a database of its own. Throws for a server that holds migrations other than those of these tests.
 */
export async function setup(project: TestProject): Promise<Teardown> {
  const endpoint = variable("HASURA_TEST_ENDPOINT");
  const source = variable("HASURA_TEST_SOURCE") ?? "default";
  const started = endpoint === undefined ? await startLocalServer(project, source) : undefined;
  try {
    const address = started ?? {
      endpoint: endpoint ?? "",
      secret: variable("HASURA_TEST_SECRET"),
      stop: async () => undefined,
    };
    const server = await inspectServer({
      endpoint: address.endpoint,
      secret: address.secret,
      source,
    });
    await claimServer(server);
    project.provide("hasura", server);
    return address.stop;
  } catch (thrown) {
    await started?.stop();
    throw thrown;
  }
}

/** Undefined for a variable that is empty, as a workflow's unset input is. */
function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

async function startLocalServer(
  project: TestProject,
  source: string,
): Promise<{ endpoint: string; secret: string; stop: Teardown }> {
  const stopPostgres = await startPostgres(project);
  const serverUrl = process.env["HASURA_TEST_DATABASE_URL"] ?? "";
  const database = `hasura_${randomUUID().replaceAll("-", "")}`;
  await execute(serverUrl, `CREATE DATABASE ${database}`);
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  const api = await startHasuraApi({
    metadataUrl: url.href,
    sources: [{ name: source, kind: "postgres", url: url.href }],
    adminSecret: "secret",
  });
  return {
    endpoint: api.url,
    secret: api.adminSecret,
    stop: async () => {
      await api.stop();
      // A server that another project has started, and stopped by now, took the database along.
      await execute(serverUrl, `DROP DATABASE ${database} WITH (FORCE)`).catch(ignoreRefused);
      await stopPostgres?.();
    },
  };
}

function ignoreRefused(thrown: unknown): void {
  if (thrown instanceof pg.DatabaseError) throw thrown;
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
