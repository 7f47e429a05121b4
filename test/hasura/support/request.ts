import assert from "node:assert/strict";
import * as z from "zod";

/** Where a server is, and what opens it. */
export interface ServerAddress {
  readonly endpoint: string;
  /** Undefined for a server without one. */
  readonly secret?: string | undefined;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON, or the text of anything else. */
  readonly body: unknown;
}

export type Headers = Readonly<Record<string, string>>;

/** What a `run_sql` takes beside its text. */
export interface SqlArguments {
  readonly source?: string;
  readonly check_metadata_consistency?: boolean;
  readonly cascade?: boolean;
  readonly read_only?: boolean;
  readonly no_transaction?: boolean;
}

export interface HasuraRequests {
  get(path: string): Promise<Answer>;
  /** With the admin secret, unless other headers are given. */
  post(path: string, body: unknown, headers?: Headers): Promise<Answer>;
  /** One request to `/v1/metadata`. */
  metadata(type: string, args?: unknown, more?: object): Promise<Answer>;
  /** One `run_sql` on the source, without the metadata check unless `args` asks for it. */
  sql(text: string, args?: SqlArguments): Promise<Answer>;
  /** The rows of the last statement, without the names of their columns. Throws where the text fails. */
  rows(text: string, args?: SqlArguments): Promise<(string | null)[][]>;
  /** The first column of the only row. */
  value(text: string, args?: SqlArguments): Promise<string | null>;
}

const Tuples = z.object({
  result_type: z.literal("TuplesOk"),
  result: z.array(z.array(z.string().nullable())),
});
const Command = z.object({ result_type: z.literal("CommandOk"), result: z.null() });
export const SqlAnswer = z.discriminatedUnion("result_type", [Tuples, Command]);

/** An error of Hasura; `internal` is absent where the server hides it. */
export const ErrorBody = z.object({
  error: z.string(),
  code: z.string(),
  path: z.string(),
  internal: z.unknown().optional(),
});

/** The part of `internal` that comes from PostgreSQL. */
const Internal = z.object({
  statement: z.string(),
  error: z.object({
    status_code: z.string().nullable(),
    message: z.string().nullable(),
    exec_status: z.string(),
    hint: z.string().nullable(),
    description: z.string().nullable(),
  }),
});

/** Plain HTTP requests: what is checked is the API, not a client. */
export function hasuraRequests(server: ServerAddress & { source: string }): HasuraRequests {
  const base = server.endpoint.replace(/\/+$/, "");
  const authorized: Headers =
    server.secret === undefined ? {} : { "x-hasura-admin-secret": server.secret };
  const post: HasuraRequests["post"] = async (path, body, headers = authorized) =>
    answerOf(
      await fetch(base + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    );
  const sql: HasuraRequests["sql"] = (text, args = {}) =>
    post("/v2/query", runSql(text, { source: server.source, ...args }));
  const rows: HasuraRequests["rows"] = async (text, args) => {
    const answer = await sql(text, args);
    assert.equal(answer.status, 200, `${text}\n${JSON.stringify(answer.body)}`);
    return SqlAnswer.parse(answer.body).result?.slice(1) ?? [];
  };
  return {
    get: async (path) => answerOf(await fetch(base + path)),
    post,
    metadata: (type, args = {}, more = {}) => post("/v1/metadata", { type, args, ...more }),
    sql,
    rows,
    value: async (text, args) => (await rows(text, args))[0]?.[0] ?? null,
  };
}

/** The body of one `run_sql`, as hasura-migrate sends it for a migration. */
export function runSql(text: string, args: SqlArguments): { type: string; args: object } {
  return { type: "run_sql", args: { sql: text, check_metadata_consistency: false, ...args } };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    return { status: response.status, body };
  } catch {
    return { status: response.status, body: text };
  }
}

/** What a request that must succeed was answered. Throws with what the server said, for any other status than 200. */
export function bodyOf({ status, body }: Answer): unknown {
  if (status === 200) return body;
  throw new Error(`Hasura answered ${String(status)}: ${JSON.stringify(body)}`);
}

/** What PostgreSQL said. Throws where the answer is not the error of a statement. */
export function databaseError(answer: Answer): z.infer<typeof Internal>["error"] {
  return Internal.parse(ErrorBody.parse(answer.body).internal).error;
}
