import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { TestContext } from "vitest";
import * as z from "zod";
import type { EngineContext } from "../../../src/engine/execute.ts";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import { Request } from "../../../src/protocol/request.ts";
import { withLedger } from "../../engine/support/ledger.ts";
import { run, type Ran } from "../../engine/support/run.ts";
import { readCliState, testUser, versionAt } from "./claim-server.ts";
import { client, keepCatalogState, ownSchema, requests, server } from "./server.ts";

/** A migration of a test: the n-th of its project. */
export interface TestMigration {
  readonly n: number;
  /** What the file does beside leaving its trace. */
  readonly up?: string;
  /** The whole file, which then leaves no trace. */
  readonly wholeUp?: string;
}

/** What the server and its database say is true. Numbers are those of the migrations. */
export interface Truth {
  /** Migrations whose file has run, in that order; one that has run twice is there twice. */
  readonly ran: readonly number[];
  readonly ledger: readonly number[];
  readonly catalog: readonly number[];
  /** Migrations that were not recorded in the transaction that their file ran in. */
  readonly torn: readonly number[];
}

/** One project, migrated on the server by the native engine, with its ledger. */
export interface TestProject {
  readonly schema: string;
  write(migrations: readonly TestMigration[]): Promise<void>;
  /** Runs one operation in a run of its own. */
  run(operation: string, options?: object, more?: RunOptions): Promise<Ran>;
  truth(): Promise<Truth>;
}

export interface RunOptions extends Partial<EngineContext> {
  /** For how long a silent run counts as live. */
  readonly liveMs?: number;
}

/**
 * An empty project. Each migration leaves a trace in the schema's table `trace`, which its down file takes back. After the test the
 * ledger, the schema and what the catalog state held are as before.
 */
export async function testProject(t: TestContext): Promise<TestProject> {
  await keepCatalogState(t);
  t.onTestFinished(async () => {
    await requests.rows("DROP SCHEMA IF EXISTS hasura_migrate CASCADE");
  });
  const schema = await ownSchema(t);
  await requests.rows(
    `CREATE TABLE ${schema}.trace (place serial, n int, txid bigint DEFAULT txid_current(), search_path text DEFAULT current_setting('search_path'))`,
  );
  const root = await mkdtemp(join(tmpdir(), "project-"));
  t.onTestFinished(() => rm(root, { recursive: true, force: true }));
  await writeFile(join(root, "config.yaml"), "version: 3\n");
  const hasura = client(t);
  return {
    schema,
    write: async (migrations) => {
      for (const migration of migrations) await writeMigration(root, schema, migration);
    },
    run: (operation, options = {}, { liveMs, ...more } = {}) =>
      run(more.hasura ?? hasura, root, requestFor(operation, options), {
        ...withLedger(liveMs === undefined ? {} : { liveMs }),
        now: () => performance.now(),
        sleep: (ms, signal) => pause(ms, undefined, { ref: false, ...(signal && { signal }) }),
        random: Math.random,
        ...more,
      }),
    truth: () => truth(schema),
  };
}

/** Versions of the migrations that a run reports as done, as numbers. */
export function applied(ran: Ran): number[] {
  return ran.of("migration.applied").map(({ version }) => numberOf(version));
}

/** A client that fails as told: what `fail` throws for a call stands in for its answer, before or after the call was made. */
export function disturbed(
  hasura: Hasura,
  harm: { before?: (sql: string) => void; after?: (sql: string) => void },
): Hasura {
  const call = async <T>(sql: string, send: () => Promise<T>): Promise<T> => {
    harm.before?.(sql);
    const answer = await send();
    harm.after?.(sql);
    return answer;
  };
  const runSqls = hasura.runSqls?.bind(hasura);
  return {
    version: () => call("", () => hasura.version()),
    exportMetadata: () => call("", () => hasura.exportMetadata()),
    readMetadata: () => call("", () => hasura.readMetadata()),
    replaceMetadata: (replacement) => call("", () => hasura.replaceMetadata(replacement)),
    catalogState: () => call("", () => hasura.catalogState()),
    exchangeCatalogState: (next) => call("", () => hasura.exchangeCatalogState(next)),
    inconsistentObjects: () => call("", () => hasura.inconsistentObjects()),
    reloadMetadata: (sources) => call("", () => hasura.reloadMetadata(sources)),
    reloadAll: (options) => call("", () => hasura.reloadAll(options)),
    runSql: (request) => call(request.sql, () => hasura.runSql(request)),
    runSqls: runSqls && ((all) => call(all.map(({ sql }) => sql).join("\n"), () => runSqls(all))),
  };
}

async function writeMigration(
  root: string,
  schema: string,
  { n, up = "", wholeUp }: TestMigration,
): Promise<void> {
  const directory = join(root, "migrations", server.source, `${versionAt(n)}_step`);
  const trace = `INSERT INTO ${schema}.trace (n) VALUES (${String(n)});`;
  const files = {
    up: wholeUp ?? `${trace}\n${up}`,
    down: `DELETE FROM ${schema}.trace WHERE n = ${String(n)};`,
  };
  for (const [direction, sql] of Object.entries(files)) {
    const path = join(directory, `${direction}.sql`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, sql);
  }
}

function requestFor(operation: string, options: object): Request {
  return Request.parse({
    contract: 1,
    runId: randomUUID(),
    environment: "hasura-test",
    actor: { user: testUser, host: "localhost" },
    operation,
    options,
  });
}

const Numbers = z.array(z.tuple([z.coerce.number()])).transform((rows) => rows.flat());

async function truth(schema: string): Promise<Truth> {
  const numbers = async (sql: string): Promise<number[]> => Numbers.parse(await requests.rows(sql));
  const base = versionAt(0);
  const { migrations = {} } = await readCliState(requests);
  return {
    ran: await numbers(`SELECT n FROM ${schema}.trace ORDER BY place`),
    ledger: await numbers(
      `SELECT version - ${base} FROM hasura_migrate.migration ORDER BY version`,
    ),
    catalog: Object.keys(migrations[server.source] ?? {})
      .map(numberOf)
      .sort((a, b) => a - b),
    torn: await numbers(
      `SELECT COALESCE(m.version - ${base}, t.n) FROM hasura_migrate.migration AS m
       FULL JOIN ${schema}.trace AS t ON t.n = m.version - ${base} WHERE m.txid IS DISTINCT FROM t.txid ORDER BY 1`,
    ),
  };
}

function numberOf(version: string): number {
  return Number(BigInt(version) - BigInt(versionAt(0)));
}
