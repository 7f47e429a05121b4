import type * as z from "zod";
import {
  HasuraCallError,
  type CatalogState,
  type Hasura,
  type InconsistentObject,
  type Metadata,
  type MetadataReplacement,
  type RunSql,
  type ServerMetadata,
  type SqlResult,
} from "../../engine/hasura/client.ts";
import { runSqlBody } from "../../engine/hasura/wire.ts";
import { Failure } from "../../protocol/failure.ts";
import * as answers from "./hasura-answers.ts";
import type { LastContent } from "./last-content.ts";
import { httpCaller, type HttpAnswer, type HttpCaller } from "./http-call.ts";

export interface HasuraOverHttpOptions {
  /** Hasura's own address; its path is a prefix of the API's paths. */
  readonly endpoint: string | URL;
  /** Undefined for a Hasura without a secret. If it throws, the call was not sent. */
  readonly adminSecret: () => Promise<string | undefined>;
  /** Called after a 401; the call is repeated if the secret has changed. */
  readonly renewAdminSecret?: () => Promise<string | undefined>;
  /** Removes secrets from what errors repeat of a response. */
  readonly redact?: answers.Redact;
  readonly connectMs?: number;
  /** How long a read is waited for. */
  readonly readMs?: number;
  /** Milliseconds until the process is killed: a call is aborted before that. */
  readonly remainingMs?: () => number;
  readonly largestAnswerBytes?: number;
  /** The last catalog state that this process has read: it is usually long and rarely changes. */
  readonly lastState?: LastContent<CatalogState>;
}

/** A Hasura whose connections can be closed. */
export interface HasuraOverHttp extends Hasura {
  close(): void;
}

const defaultConnectMs = 5000;
const defaultReadMs = 30_000;
/** Reserved at the end to report what happened, but at most a tenth of the function's time. */
const reportMs = 5000;
const defaultLargestAnswerBytes = 64 * 1024 * 1024;

/**
 * Hasura's HTTP API (docs/internals/hasura-protocol.md, "Reading and writing the catalog state",
 * "HTTP requests" and "run_sql"). Requests are not repeated, except after a 401, when nothing has
 * run.
 */
export function hasuraOverHttp(options: HasuraOverHttpOptions): HasuraOverHttp {
  const {
    connectMs = defaultConnectMs,
    readMs = defaultReadMs,
    largestAnswerBytes = defaultLargestAnswerBytes,
  } = options;
  const contentOf = contentReader(options.redact);
  const caller = httpCaller({ endpoint: new URL(options.endpoint), connectMs, largestAnswerBytes });
  const api: Api = { post: poster(caller, options), beforeMetadataV3: false };
  const untilDeadline = deadlineLimit(options.remainingMs);
  const read = (): number => Math.min(readMs, untilDeadline());
  const metadataPath = (): string => (api.beforeMetadataV3 ? "/v1/query" : "/v1/metadata");
  const ask: Ask = async (body, schema, limitMs = read()) =>
    contentOf(await api.post(metadataPath(), body, limitMs), schema);

  return {
    version: async () =>
      contentOf(await caller.call({ ...getVersion, limitMs: read() }), answers.VersionAnswer)
        .version,
    exportMetadata: () => exportMetadata(api, read, contentOf),
    readMetadata: () => readMetadata(ask),
    replaceMetadata: (replacement) => replaceMetadata(ask, replacement, untilDeadline()),
    async catalogState(): Promise<CatalogState> {
      const answer = await api.post(metadataPath(), getCatalogState, read());
      const content = (): CatalogState => stateFrom(contentOf(answer, answers.CatalogStateAnswer));
      return answer.status === 200 && !answer.cut && options.lastState
        ? options.lastState.of(answer.text, content)
        : content();
    },
    exchangeCatalogState: (next) => exchangeCatalogState(ask, next, untilDeadline()),
    async runSql(request: RunSql): Promise<SqlResult> {
      const answer = await api.post(
        api.beforeMetadataV3 ? "/v1/query" : "/v2/query",
        runSqlBody(request),
        Math.min(request.limitMs ?? Infinity, untilDeadline()),
      );
      return sqlResultOf(answer, contentOf);
    },
    get runSqls() {
      return api.beforeMetadataV3
        ? undefined
        : (requests: readonly RunSql[]) => runBulk(api.post, requests, untilDeadline(), contentOf);
    },
    async inconsistentObjects(): Promise<InconsistentObject[]> {
      return (await ask(getInconsistent, answers.InconsistencyAnswer)).inconsistent_objects;
    },
    reloadMetadata: (sources) => {
      const request = reloadRequest(sources, api.beforeMetadataV3);
      return reloadMetadata(ask, request, untilDeadline());
    },
    reloadAll: (options) => reloadMetadata(ask, reloadAllRequest(options), untilDeadline()),
    close: () => caller.close(),
  };
}

async function exchangeCatalogState(
  ask: Ask,
  next: unknown,
  limitMs: number,
): Promise<CatalogState> {
  const set = { type: "set_catalog_state", args: { type: "cli", state: next } };
  const request = { type: "bulk", args: [getCatalogState, set] };
  const [before] = await ask(request, answers.ExchangeAnswer, limitMs);
  return stateFrom(before);
}

async function readMetadata(ask: Ask): Promise<ServerMetadata> {
  const [exported, { inconsistent_objects: inconsistent }] = await ask(
    { type: "bulk", args: [exportWithVersion, getInconsistent] },
    answers.WholeMetadataAnswer,
  );
  const { resource_version: resourceVersion, metadata: document } = exported;
  return { resourceVersion, document, inconsistent };
}

async function replaceMetadata(
  ask: Ask,
  { document, resourceVersion, allowInconsistent }: MetadataReplacement,
  limitMs: number,
): Promise<readonly string[]> {
  const request = {
    type: "replace_metadata",
    version: 2,
    resource_version: resourceVersion,
    args: { allow_inconsistent_metadata: allowInconsistent, metadata: document },
  };
  const { warnings } = await ask(request, answers.ReplaceAnswer, limitMs);
  return warnings.map(({ message }) => message);
}

type Ask = <T>(body: object, schema: z.ZodType<T>, limitMs?: number) => Promise<T>;

async function reloadMetadata(
  ask: Ask,
  request: object,
  limitMs: number,
): Promise<InconsistentObject[]> {
  const answer = await ask(request, answers.ReloadAnswer, limitMs);
  // Servers before spring 2022 do not return the objects (docs/internals/hasura-metadata.md,
  // "Reloading metadata").
  const content =
    answer.inconsistent_objects === undefined
      ? await ask(getInconsistent, answers.InconsistencyAnswer)
      : answers.InconsistencyAnswer.parse(answer);
  return content.inconsistent_objects;
}

type ContentOf = <T>(answer: HttpAnswer, schema: z.ZodType<T>) => T;

function contentReader(redact: answers.Redact = (text) => text): ContentOf {
  return <T>(answer: HttpAnswer, schema: z.ZodType<T>): T =>
    answers.contentOf(answer, schema, redact);
}

interface Api {
  readonly post: Post;
  beforeMetadataV3: boolean;
}

async function exportMetadata(
  api: Api,
  limitMs: () => number,
  contentOf: ContentOf,
): Promise<Metadata> {
  const question = { type: "export_metadata", args: {} };
  const answer = await api.post("/v1/metadata", question, limitMs());
  if (answer.status !== 404) return contentOf(answer, answers.MetadataAnswer);
  // Servers before metadata v3 do not have that path; if /v1/query fails as well, it is not a Hasura server.
  const metadata = contentOf(
    await api.post("/v1/query", question, limitMs()),
    answers.MetadataAnswer,
  );
  api.beforeMetadataV3 = metadata.version < 3;
  return metadata;
}

function reloadRequest(sources: readonly string[], beforeMetadataV3: boolean): object {
  const more = { reload_sources: [...sources], recreate_event_triggers: true };
  const args = { reload_remote_schemas: false, ...(!beforeMetadataV3 && more) };
  return { type: "reload_metadata", args };
}

function reloadAllRequest({
  recreateEventTriggers,
}: {
  readonly recreateEventTriggers: boolean;
}): object {
  const args = {
    ...{ reload_sources: true, reload_remote_schemas: true },
    recreate_event_triggers: recreateEventTriggers,
  };
  return { type: "reload_metadata", args };
}

async function runBulk(
  post: Post,
  requests: readonly RunSql[],
  limitMs: number,
  contentOf: ContentOf,
): Promise<SqlResult[]> {
  const body = { type: "bulk", args: requests.map(runSqlBody) };
  const answer = await post("/v2/query", body, limitMs);
  return contentOf(answer, answers.SqlAnswers).map(rowsOf);
}

const getVersion = { method: "GET", path: "/v1/version", headers: {} } as const;
const getCatalogState = { type: "get_catalog_state", args: {} };
const exportWithVersion = { type: "export_metadata", version: 2, args: {} };
const getInconsistent = { type: "get_inconsistent_metadata", args: {} };

type Post = (path: string, body: object, limitMs: number) => Promise<HttpAnswer>;

/** Milliseconds for a call that may take as long as the function's time allows. Throws where that is over. */
function deadlineLimit(remainingMs: () => number = () => Infinity): () => number {
  const reserved = Math.min(reportMs, remainingMs() / 10);
  return () => {
    const ms = remainingMs() - reserved;
    if (ms > 0) return ms;
    throw new HasuraCallError("not-sent", "the function's time is over");
  };
}

function poster(caller: HttpCaller, options: HasuraOverHttpOptions): Post {
  return async (path, body, limitMs) => {
    const json = JSON.stringify(body);
    const send = (secret: string | undefined): Promise<HttpAnswer> =>
      caller.call({ method: "POST", path, headers: headersWith(secret), body: json, limitMs });
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
    ...(secret !== undefined && { "x-hasura-admin-secret": headerValue(secret) }),
  };
}

/** Hasura reads a header as UTF-8; Node writes one character as one byte. */
function headerValue(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Without the secret the call is not sent; the `Failure` that explains why is the cause. */
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

/** A response that is too large is not an error: with a 200 the SQL has succeeded, and a migration's rows do not matter. */
function sqlResultOf(answer: HttpAnswer, contentOf: ContentOf): SqlResult {
  if (answer.cut && answer.status === 200 && answer.text.startsWith('{"result_type"'))
    return { columns: [], rows: [], truncated: true };
  return rowsOf(contentOf(answer, answers.SqlAnswer));
}

function rowsOf({ result }: z.infer<typeof answers.SqlAnswer>): SqlResult {
  const [columns = [], ...rows] = result ?? [];
  return { columns: columns.map((name) => name ?? ""), rows };
}
