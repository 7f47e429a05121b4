import * as z from "zod";
import type { ApiContext } from "../context.ts";
import { HasuraError, parseFailed } from "../hasura-error.ts";
import type { MetadataDocument, SourceDocument } from "../metadata-document.ts";
import type { PgSession } from "../session.ts";
import { isPostgresFamily } from "../source-kind.ts";
import { splitStatements } from "../split-statements.ts";
import { inTransaction, runText, type ResultBody } from "../transaction.ts";
import { CheckedRun } from "./checked.ts";

const Args = z.looseObject({
  sql: z.string(),
  source: z.string().nullish(),
  cascade: z.boolean().nullish(),
  check_metadata_consistency: z.boolean().nullish(),
  read_only: z.boolean().nullish(),
  no_transaction: z.boolean().nullish(),
});
type RunSqlArgs = z.infer<typeof Args>;

export type RunSqlContext = Pick<
  ApiContext,
  "store" | "cache" | "sources" | "supportsNoTransaction"
>;

/** True for `run_sql` and its variants by kind, such as `pg_run_sql`. */
export const isRunSql = (type: string): boolean => type.endsWith("run_sql");

/**
 * Matches SQL after which the server checks the metadata. It also matches in comments and strings, as the server does (docs/internals/hasura-protocol.md, "Arguments and the schema cache").
 */
const changesSchema = /\balter\b|\bdrop\b|\breplace\b|\bcreate function\b|\bcomment on\b/i;

/**
 * Runs one `*run_sql` request.
 * @param path of its arguments in the whole request
 * @throws HasuraError
 */
export async function runSql(
  type: string,
  rawArgs: unknown,
  context: RunSqlContext,
  path: string,
): Promise<ResultBody> {
  const args = parseArgs(rawArgs, path);
  const stored = await context.store.read();
  const source = findSource(stored.metadata, args.source ?? "default", type, path);
  const isChecked =
    args.read_only !== true && (args.check_metadata_consistency ?? changesSchema.test(args.sql));
  const mode = { isolation: context.sources.isolation(source), readOnly: args.read_only === true };
  const outside = args.no_transaction === true && context.supportsNoTransaction;
  try {
    const pool = context.sources.pool(source);
    const inside = <T>(work: (session: PgSession) => Promise<T>): Promise<T> =>
      outside ? pool.use(work) : inTransaction(pool, mode, work);
    if (!isChecked) return await inside((session) => plain(session, args, outside));
    const run = new CheckedRun(stored, await context.cache.of(stored), source);
    const { body, metadata } = await inside((session) => withCheck(session, run, args, outside));
    await run.store(metadata, context, path);
    return body;
  } catch (thrown) {
    throw thrown instanceof HasuraError && thrown.path === "$"
      ? thrown.at(thrown.status === 409 ? "$" : path)
      : thrown;
  }
}

async function plain(session: PgSession, args: RunSqlArgs, outside: boolean): Promise<ResultBody> {
  if (!outside) return await runText(session, args.sql);
  const statements = splitStatements(args.sql);
  let body: ResultBody | undefined;
  for (const statement of statements) body = await runText(session, statement);
  // SQL that is only comments is sent as it is, and the server refuses it.
  return body ?? (await runText(session, args.sql));
}

/** Runs the SQL, and finds what it did to what the metadata names. */
async function withCheck(
  session: PgSession,
  run: CheckedRun,
  args: RunSqlArgs,
  outside: boolean,
): Promise<{ readonly body: ResultBody; readonly metadata: MetadataDocument }> {
  await run.begin(session);
  const body = await plain(session, args, outside);
  return { body, metadata: await run.follow(session, args.cascade === true) };
}

function parseArgs(raw: unknown, path: string): RunSqlArgs {
  const parsed = Args.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = String(issue?.path[0] ?? "");
  if (key === "") throw parseFailed("parsing RunSQL failed, expected Object", path);
  const missing = typeof raw === "object" && raw !== null && !(key in raw);
  if (missing) throw parseFailed(`key "${key}" not found`, path);
  throw parseFailed(
    `parsing ${key === "sql" || key === "source" ? "Text" : "Bool"} failed, wrong type`,
    `${path}.${key}`,
  );
}

function findSource(
  metadata: MetadataDocument,
  name: string,
  type: string,
  path: string,
): SourceDocument {
  const source = metadata.sources.find((candidate) => candidate.name === name);
  if (!source)
    throw new HasuraError(400, "not-exists", `source with name "${name}" does not exist`, { path });
  const expected = type === "run_sql" ? "postgres" : type.slice(0, -"_run_sql".length);
  const kind = (text: string): string => (text === "pg" ? "postgres" : text);
  if (kind(source.kind) === kind(expected)) return runnable(source, path);
  const message = `source with name "${name}" has backend type "${source.kind}" which does not match the expected type ${kind(expected)}`;
  throw new HasuraError(400, "not-exists", message, { path });
}

/** Other kinds of source are only kept in the metadata: this environment has no driver for them. */
function runnable(source: SourceDocument, path: string): SourceDocument {
  if (isPostgresFamily(source.kind)) return source;
  throw new HasuraError(400, "unexpected", `source with name "${source.name}" is inconsistent`, {
    path,
    internal: `the local environment has no ${source.kind} databases`,
  });
}
