import { randomUUID } from "node:crypto";
import type { TestContext } from "vitest";
import pg from "pg";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import type { EngineContext } from "../../../src/engine/execute.ts";
import type { Request } from "../../../src/protocol/request.ts";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import type { HasuraApiOptions } from "../../../src/local/hasura-api/index.ts";
import { startTestApi } from "../../support/hasura-api.ts";
import { query } from "../../support/postgres.ts";
import { withLedger } from "./ledger.ts";
import { projectOnDisk, requestFor, run, type Ran } from "./run.ts";

type ApiOptions = Partial<HasuraApiOptions>;

/** A project with these files, by `<version>_<name>/up`. */
export const files = (ups: Record<string, string>): Record<string, string> => ({
  "config.yaml": "version: 3\n",
  ...Object.fromEntries(
    Object.entries(ups).map(([path, sql]) => [`migrations/default/${path}.sql`, sql]),
  ),
});
/** What a run said it applied. */
export const versions = (ran: Ran): string[] => ran.of("migration.applied").map((it) => it.version);
/** A request of a run of its own. */
export const asked = (operation: string, options: object = {}): Request => ({
  ...requestFor(operation, options),
  runId: randomUUID(),
});

/** Runs with a ledger over the local API, and what they leave. */
export interface LedgerBench {
  readonly url: string;
  readonly hasura: Hasura;
  readonly run: (
    ups: Record<string, string>,
    request?: Request,
    more?: Partial<EngineContext>,
  ) => Promise<Ran>;
  readonly ledger: () => Promise<string[]>;
  readonly catalog: () => Promise<string[]>;
  /** Takes an advisory lock that a migration may wait for; what is answered lets it go. */
  readonly hold: (key: number) => Promise<() => Promise<void>>;
}

/** Starts a database and the API on it, for one test. */
export async function ledgerBench(t: TestContext, options: ApiOptions = {}): Promise<LedgerBench> {
  const api = await startTestApi(t, options);
  const url = api.databaseUrl;
  const hasura = hasuraOverHttp({
    endpoint: api.url,
    adminSecret: () => Promise.resolve(api.adminSecret),
  });
  t.onTestFinished(() => {
    hasura.close();
    return Promise.resolve();
  });
  return {
    url,
    hasura,
    run: async (ups, request = asked("apply"), more = {}) =>
      run(hasura, await projectOnDisk(t, files(ups)), request, {
        ...withLedger(),
        now: () => performance.now(),
        ...more,
      }),
    ledger: async () =>
      (await query(url, "SELECT version::text FROM hasura_migrate.migration ORDER BY version")).map(
        (row) => String(row["version"]),
      ),
    catalog: async () => {
      const { cliState } = await hasura.catalogState();
      const { migrations = {} } = cliState as {
        migrations?: Record<string, Record<string, boolean>>;
      };
      return Object.keys(migrations["default"] ?? {});
    },
    hold: async (key) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query("SELECT pg_advisory_lock($1)", [key]);
      return () => client.end();
    },
  };
}
