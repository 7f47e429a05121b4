import * as z from "zod";
import type { ApiRequest, Handler } from "./context.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";
import { bulk } from "./bulk.ts";
import { metadataRequest } from "./metadata-requests.ts";
import { isRunSql, runSql, type RunSqlContext } from "./run-sql/run-sql.ts";

/**
 * One request to `/v2/query`. Each `run_sql` of a `bulk` is a transaction of its own
 * (docs/internals/hasura-protocol.md, "Several requests in one bulk").
 */
export const queryRequest: Handler = (request, context) =>
  query(request, { ...context, store: forOneRequest(context.store) });

async function query(request: ApiRequest, context: RunSqlContext): Promise<unknown> {
  if (request.type === "bulk") return await bulk(request, (one) => query(one, context));
  if (isRunSql(request.type))
    return await runSql(request.type, request.args, context, `${request.path}.args`);
  throw parseFailed(`Unrecognised RQLQuery type: ${request.type}`, request.path);
}

/** The server reads its metadata once per request, even for a bulk (its V2Query.hs). */
function forOneRequest(store: RunSqlContext["store"]): RunSqlContext["store"] {
  let stored: ReturnType<typeof store.read> | undefined;
  return {
    read: () => (stored ??= store.read()),
    write: (metadata, expected) => {
      stored = undefined;
      return store.write(metadata, expected);
    },
  };
}

const SelectVersion = z.looseObject({
  table: z.union([z.string(), z.looseObject({ schema: z.string(), name: z.string() })]),
  columns: z.array(z.string()),
});

/** One request to `/v1/query`, of older servers: SQL, metadata, and the one `select` that the official CLI sends. */
export const legacyQueryRequest: Handler = async (request, context) => {
  if (request.type === "bulk")
    return await bulk(request, (one) => legacyQueryRequest(one, context));
  if (request.type === "run_sql") return await queryRequest(request, context);
  if (request.type !== "select") return await metadataRequest(request, context);
  const { table, columns } = SelectVersion.safeParse(request.args).data ?? {
    table: "",
    columns: [],
  };
  if (typeof table === "string" || table.schema !== "hdb_catalog" || table.name !== "hdb_version") {
    throw new HasuraError(
      400,
      "not-exists",
      "the local API supports select only on hdb_catalog.hdb_version",
      {
        path: `${request.path}.args.table`,
      },
    );
  }
  const row = await context.state.versionRow();
  return [Object.fromEntries(columns.map((column) => [column, row[column] ?? null]))];
};
