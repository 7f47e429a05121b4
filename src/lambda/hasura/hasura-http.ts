import type * as z from "zod";
import {
  HasuraCallError,
  type CatalogState,
  type Hasura,
  type InconsistentObject,
  type Metadata,
  type RunSql,
  type SqlResult,
} from "../../engine/hasura/client.ts";
import { runSqlBody } from "../../engine/hasura/wire.ts";
import { Failure } from "../../protocol/failure.ts";
import * as answers from "./hasura-answers.ts";
import { httpCaller, type HttpAnswer, type HttpCaller } from "./http-call.ts";

export interface HasuraOverHttpOptions {
  /** Hasura's own address; a path in it is kept in front of the API's paths. */
  readonly endpoint: string | URL;
  /** Undefined for a Hasura without one. What it throws ends the call as not-sent. */
  readonly adminSecret: () => Promise<string | undefined>;
  /** Asked once for each call that a 401 has answered; the call is repeated when the secret is another one now. */
  readonly renewAdminSecret?: () => Promise<string | undefined>;
  readonly connectMs?: number;
  readonly largestAnswerBytes?: number;
}

/** A Hasura whose connections can be ended. */
export interface HasuraOverHttp extends Hasura {
  close(): void;
}

const defaultConnectMs = 5000;
const defaultLargestAnswerBytes = 64 * 1024 * 1024;

/**
 * Hasura's HTTP API (docs/internals/hasura-protocol.md, "Reading and writing the catalog state",
 * "HTTP requests" and "run_sql"). Nothing is ever sent twice, but for a 401, after which nothing
 * has run.
 */
export function hasuraOverHttp(options: HasuraOverHttpOptions): HasuraOverHttp {
  const { connectMs = defaultConnectMs, largestAnswerBytes = defaultLargestAnswerBytes } = options;
  const caller = httpCaller({ endpoint: new URL(options.endpoint), connectMs, largestAnswerBytes });
  const api = { post: poster(caller, options), beforeMetadataV3: false };
  const metadataPath = (): string => (api.beforeMetadataV3 ? "/v1/query" : "/v1/metadata");
  const ask = async <T>(body: object, schema: z.ZodType<T>): Promise<T> =>
    answers.contentOf(await api.post(metadataPath(), body), schema);
  const runSqls = async (requests: readonly RunSql[]): Promise<SqlResult[]> => {
    const answer = await api.post("/v2/query", { type: "bulk", args: requests.map(runSqlBody) });
    return answers.contentOf(answer, answers.SqlAnswers).map(rowsOf);
  };

  return {
    async version() {
      const answer = await caller.call({ method: "GET", path: "/v1/version", headers: {} });
      return answers.contentOf(answer, answers.VersionAnswer).version;
    },
    async exportMetadata(): Promise<Metadata> {
      const question = { type: "export_metadata", args: {} };
      const answer = await api.post("/v1/metadata", question);
      if (answer.status !== 404) return answers.contentOf(answer, answers.MetadataAnswer);
      // Servers before metadata v3 have no such address; /v1/query tells one of those from what is no Hasura at all.
      const metadata = answers.contentOf(
        await api.post("/v1/query", question),
        answers.MetadataAnswer,
      );
      api.beforeMetadataV3 = metadata.version < 3;
      return metadata;
    },
    async catalogState(): Promise<CatalogState> {
      return stateFrom(await ask(getCatalogState, answers.CatalogStateAnswer));
    },
    async exchangeCatalogState(next) {
      const set = { type: "set_catalog_state", args: { type: "cli", state: next } };
      const [before] = await ask(
        { type: "bulk", args: [getCatalogState, set] },
        answers.ExchangeAnswer,
      );
      return stateFrom(before);
    },
    async runSql(request: RunSql): Promise<SqlResult> {
      const answer = await api.post(
        api.beforeMetadataV3 ? "/v1/query" : "/v2/query",
        runSqlBody(request),
      );
      return sqlResultOf(answer);
    },
    get runSqls() {
      return api.beforeMetadataV3 ? undefined : runSqls;
    },
    async inconsistentObjects(): Promise<InconsistentObject[]> {
      return (await ask(getInconsistent, answers.InconsistencyAnswer)).inconsistent_objects;
    },
    async reloadMetadata(sources): Promise<InconsistentObject[]> {
      const more = { reload_sources: [...sources], recreate_event_triggers: true };
      const args = { reload_remote_schemas: false, ...(!api.beforeMetadataV3 && more) };
      const answer = await ask({ type: "reload_metadata", args }, answers.ReloadAnswer);
      // Servers before spring 2022 only say that they are done (docs/internals/hasura-metadata.md,
      // "Reloading metadata").
      const content =
        answer.inconsistent_objects === undefined
          ? await ask(getInconsistent, answers.InconsistencyAnswer)
          : answers.InconsistencyAnswer.parse(answer);
      return content.inconsistent_objects;
    },
    close: () => caller.close(),
  };
}

const getCatalogState = { type: "get_catalog_state", args: {} };
const getInconsistent = { type: "get_inconsistent_metadata", args: {} };

type Post = (path: string, body: object) => Promise<HttpAnswer>;

function poster(caller: HttpCaller, options: HasuraOverHttpOptions): Post {
  return async (path, body) => {
    const json = JSON.stringify(body);
    const send = (secret: string | undefined): Promise<HttpAnswer> =>
      caller.call({ method: "POST", path, headers: headersWith(secret), body: json });
    const secret = await secretFrom(options.adminSecret);
    const answer = await send(secret);
    if (answer.status !== 401 || options.renewAdminSecret === undefined) return answer;
    const renewed = await secretFrom(options.renewAdminSecret);
    return renewed === secret ? answer : send(renewed);
  };
}

function headersWith(secret: string | undefined): Record<string, string> {
  return {
    "content-type": "application/json",
    ...(secret !== undefined && { "x-hasura-admin-secret": secret }),
  };
}

/** A secret that cannot be had is a call that was not sent; its `Failure` is the cause and says what to do. */
async function secretFrom(source: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await source();
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    throw new HasuraCallError("not-sent", cause.message, { cause });
  }
}

function stateFrom({
  id,
  cli_state: cliState,
}: z.infer<typeof answers.CatalogStateAnswer>): CatalogState {
  return { id, cliState };
}

/** Rows beyond the bound are dropped, not an error: with a 200 the SQL has succeeded, and a migration's rows mean nothing. */
function sqlResultOf(answer: HttpAnswer): SqlResult {
  if (answer.cut && answer.status === 200 && answer.text.startsWith('{"result_type"'))
    return { columns: [], rows: [], truncated: true };
  return rowsOf(answers.contentOf(answer, answers.SqlAnswer));
}

function rowsOf({ result }: z.infer<typeof answers.SqlAnswer>): SqlResult {
  const [columns = [], ...rows] = result ?? [];
  return { columns: columns.map((name) => name ?? ""), rows };
}
