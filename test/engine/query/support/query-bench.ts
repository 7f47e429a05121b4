import { randomUUID } from "node:crypto";
import type { TestContext } from "vitest";
import { execute } from "../../../../src/engine/execute.ts";
import { hasuraOverHttp } from "../../../../src/lambda/hasura/hasura-http.ts";
import type { HasuraApiOptions } from "../../../../src/local/hasura-api/index.ts";
import type { EventOf, RunEvent } from "../../../../src/protocol/events.ts";
import type { FailureData } from "../../../../src/protocol/failure.ts";
import { startTestApi } from "../../../support/hasura-api.ts";
import { freshDatabase, query } from "../../../support/postgres.ts";
import { engineOf } from "../../support/engine.ts";
import { requestOf } from "../../support/sessions.ts";

/** A database behind the local API, and the operation `sql` on it. */
export interface QueryBench {
  readonly url: string;
  /** SQL on the database itself. */
  readonly direct: (sql: string) => Promise<Record<string, unknown>[]>;
  /** SQL as Hasura sends it, not through this operation. */
  readonly hasura: (sql: string, more?: object) => Promise<{ status: number; body: unknown }>;
  readonly events: (sql: string, options?: object, recorded?: boolean) => Promise<RunEvent[]>;
  readonly rows: (sql: string, options?: object) => Promise<EventOf<"rows">>;
  readonly failure: (sql: string, options?: object) => Promise<FailureData>;
}

export async function queryBench(
  t: TestContext,
  options: Partial<HasuraApiOptions> & { readonly setUp?: string } = {},
): Promise<QueryBench> {
  const { setUp = "", ...apiOptions } = options;
  const url = apiOptions.metadataUrl ?? (await freshDatabase(t));
  if (setUp !== "") await query(url, setUp);
  const api = await startTestApi(t, { metadataUrl: url, ...apiOptions });
  const hasura = hasuraOverHttp({
    endpoint: api.url,
    adminSecret: () => Promise.resolve(api.adminSecret),
  });
  t.onTestFinished(() => {
    hasura.close();
  });
  const events: QueryBench["events"] = async (sql, more = {}, recorded = false) => {
    const engine = engineOf({
      hasura,
      sleep: () => Promise.resolve(),
      ...(recorded && { queryRecord: { requestId: "request-1" } }),
    });
    await execute({ ...requestOf("sql", { sql, ...more }), runId: randomUUID() }, engine);
    return engine.events;
  };
  return {
    url,
    direct: (sql) => query(url, sql),
    hasura: (sql, more) => api.sql(sql, more),
    events,
    rows: async (sql, more) => {
      const all = await events(sql, more);
      const [rows] = all.flatMap((event) => (event.type === "rows" ? [event] : []));
      if (rows === undefined) throw new Error(`no rows: ${JSON.stringify(all)}`);
      return rows;
    },
    failure: async (sql, more) => {
      const all = await events(sql, more);
      const end = all.at(-1);
      if (end?.type !== "run.failed")
        throw new Error(`it did not fail: ${JSON.stringify(all).slice(0, 2000)}`);
      return end.failure;
    },
  };
}
