import type { TestContext } from "vitest";
import {
  startHasuraApi,
  type HasuraApi,
  type HasuraApiOptions,
} from "../../src/local/hasura-api/index.ts";
import { freshDatabase } from "./postgres.ts";

export interface TestApi extends HasuraApi {
  readonly databaseUrl: string;
  /** Posts JSON with the admin secret. */
  post(
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: unknown }>;
  sql(sql: string, more?: object): Promise<{ status: number; body: unknown }>;
}

/** A Hasura-compatible API with one source, `default`, on a new database that also holds its metadata; stopped after the test. */
export async function startTestApi(
  t: TestContext,
  options: Partial<HasuraApiOptions> = {},
): Promise<TestApi> {
  const databaseUrl = options.metadataUrl ?? (await freshDatabase(t));
  const sources = options.sources ?? [{ name: "default", kind: "postgres", url: databaseUrl }];
  const api = await startHasuraApi({
    metadataUrl: databaseUrl,
    adminSecret: "test-admin-secret",
    ...options,
    sources,
  });
  t.onTestFinished(() => api.stop());
  const post: TestApi["post"] = async (
    path,
    body,
    headers = { "x-hasura-admin-secret": "test-admin-secret" },
  ) => {
    const response = await fetch(api.url + path, {
      method: "POST",
      headers,
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  const sql: TestApi["sql"] = (text, more = {}) =>
    post("/v2/query", {
      type: "run_sql",
      args: { sql: text, source: "default", check_metadata_consistency: false, ...more },
    });
  return { ...api, databaseUrl, post, sql };
}
