import { runSqlType, type RunSql, type SourceKind } from "./client.ts";

/** The body of one `run_sql` request, as it is sent to `/v2/query` (or `/v1/query` on servers before metadata v3). */
export interface RunSqlBody {
  readonly type: string;
  readonly args: {
    readonly sql: string;
    readonly source?: string;
    readonly check_metadata_consistency?: boolean;
    readonly no_transaction?: boolean;
    readonly read_only?: boolean;
  };
}

/** Kinds whose `run_sql` accepts `no_transaction` (docs/internals/hasura-protocol.md, "Requests by kind of source"). */
export function supportsNoTransaction(kind: SourceKind): boolean {
  return kind === "postgres" || kind === "citus" || kind === "cockroach";
}

/**
 * One `run_sql` as Hasura reads it; options that are not set are left out
 * (docs/internals/hasura-protocol.md, "Requests by kind of source" and "Arguments and the schema
 * cache").
 */
export function runSqlBody(request: RunSql): RunSqlBody {
  const { kind, sql, source, checkMetadataConsistency, noTransaction, readOnly } = request;
  return {
    type: runSqlType[kind],
    args: {
      sql,
      ...(source !== undefined && { source }),
      ...(checkMetadataConsistency !== undefined && {
        check_metadata_consistency: checkMetadataConsistency,
      }),
      ...(noTransaction === true && supportsNoTransaction(kind) && { no_transaction: true }),
      ...(readOnly === true && { read_only: true }),
    },
  };
}
