import http from "node:http";
import * as z from "zod";
import type { Sql } from "./migrations.ts";

/*
 * A re-enactment of the request order of the official CLI's `migrate apply`
 * (docs/internals/hasura-protocol.md, "When the official CLI writes the state" and "Requests of
 * each command"), not the CLI: every
 * request in its place, one after the other, nothing repeated; the first one that does not succeed ends the run.
 */

const State = z.object({
  migrations: z.record(z.string(), z.record(z.string(), z.boolean())).optional(),
  settings: z.record(z.string(), z.string()).optional(),
});
type State = z.infer<typeof State>;
const Catalog = z.object({ cli_state: State });

/** One run; answers what ended it early. */
export async function officialRun(endpoint: string, sql: Sql): Promise<string | undefined> {
  const agent = new http.Agent({ keepAlive: true });
  const post = (path: string, type: string, args: object = {}): Promise<unknown> =>
    request(endpoint, agent, "POST", path, { type, args });
  const get = async (): Promise<State> =>
    Catalog.parse(await post("/v1/metadata", "get_catalog_state")).cli_state;
  const set = (state: State): Promise<unknown> =>
    post("/v1/metadata", "set_catalog_state", {
      type: "cli",
      state: {
        migrations: {},
        ...state,
        settings: { migration_mode: "true", ...state.settings },
        isStateCopyCompleted: true,
      },
    });
  const mark = async (version: string): Promise<void> => {
    const state = await get();
    await set({
      ...state,
      migrations: {
        ...state.migrations,
        default: { ...state.migrations?.["default"], [version]: false },
      },
    });
  };
  try {
    await request(endpoint, agent, "GET", "/v1/version");
    await request(endpoint, agent, "GET", "/v1/version");
    await request(endpoint, agent, "GET", "/v1alpha1/config").catch(() => undefined);
    await post("/v1/query", "export_metadata");
    await get().catch(() => undefined);
    await post("/v1/metadata", "export_metadata");
    await set(await get());
    const applied = (await get()).migrations?.["default"] ?? {};
    await get();
    await get();
    for (const [name, up] of Object.entries(sql)) {
      const version = name.split("_")[0] ?? "";
      if (version in applied) continue;
      await post("/v2/query", "run_sql", {
        sql: up,
        source: "default",
        check_metadata_consistency: false,
      });
      await mark(version);
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    agent.destroy();
  }
}

function request(
  endpoint: string,
  agent: http.Agent,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "x-hasura-admin-secret": "test-admin-secret",
    };
    const sent = http.request(new URL(path, endpoint), { method, agent, headers });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else
          reject(
            new Error(`${path} answered ${String(response.statusCode)}: ${text.slice(0, 200)}`),
          );
      });
    });
    sent.end(body && JSON.stringify(body));
  });
}
