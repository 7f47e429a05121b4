import { Failure } from "../../protocol/failure.ts";
import { rowLimit } from "../../protocol/operations.ts";
import type { RequestOf } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { waitUntilReady } from "../hasura/wait-until-ready.ts";
import { databaseNeeded, postgresDatabases } from "../plan/resolve-databases.ts";
import { readStatement } from "../query/read-statement.ts";
import { recordQuery } from "../query/record-query.ts";
import { runQuery, type Answer } from "../query/run-query.ts";
import { nothingDone, type RunResult } from "../run-result.ts";
import type { Database } from "../store/store.ts";

/**
 * `sql`: runs one read-only statement in one PostgreSQL database that is connected to Hasura. Checks the statement's parse tree, then
 * records and runs it. Throws the failures of `readStatement`, `postgresDatabases`, `recordQuery` and `runQuery`.
 */
export async function query(request: RequestOf<"sql">, engine: EngineContext): Promise<RunResult> {
  const { sql, database: requested, limit = rowLimit.default } = request.options;
  const statement = await readStatement(sql);
  const metadata = await waitUntilReady(engine, () => engine.hasura.exportMetadata());
  const { name, kind } = onlyOne(postgresDatabases(metadata, requested, "sql"));
  const target = { kind, ...(metadata.version >= 3 && { source: name }) };
  const record = await recordQuery(request, target, engine);
  try {
    const { environment } = request;
    const answer = await runQuery({ statement, sql, limit, environment, target }, engine.hasura);
    await record.end("finished");
    await emitRows(answer, name, engine);
    return nothingDone;
  } catch (thrown) {
    const failure = hasuraFailure(thrown, "running the query");
    await record.end(
      failure instanceof Failure ? `${failure.kind}/${failure.code}` : "bug/unexpected",
    );
    throw failure;
  }
}

function onlyOne([first, ...others]: readonly Database[]): Database {
  if (first === undefined)
    throw new Failure("usage", "no-source", "No database is connected to Hasura.");
  if (others.length === 0) return first;
  throw databaseNeeded([first, ...others].map(({ name }) => name));
}

async function emitRows(
  { columns, rows, cut }: Answer,
  database: string,
  engine: EngineContext,
): Promise<void> {
  await emit(engine, {
    ...{ type: "rows", database, columns: [...columns], rows: rows.map((row) => [...row]) },
    ...(cut !== undefined && { cut }),
  });
}
