/** Kinds of source that can be migrated, and the request type each one takes (docs/internals/hasura-protocol.md, "Requests by kind of source"). */
export const runSqlType = {
  postgres: "run_sql",
  citus: "citus_run_sql",
  cockroach: "cockroach_run_sql",
  mssql: "mssql_run_sql",
  bigquery: "bigquery_run_sql",
} as const;
export type SourceKind = keyof typeof runSqlType;

/** One `run_sql`. `source` is left out for config version 2 and older, where only `default` exists. */
export interface RunSql {
  readonly kind: SourceKind;
  readonly sql: string;
  readonly source?: string;
  /** Always false for migrations (config version 2 and newer): Hasura neither checks metadata nor rebuilds its cache. */
  readonly checkMetadataConsistency?: boolean;
  readonly noTransaction?: boolean;
  readonly readOnly?: boolean;
}

/** `rows` hold text or null; the first row of the server's answer (column names) is in `columns`. Both empty for CommandOk. */
export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** The rows were more than an implementation holds and were dropped; the SQL succeeded. */
  readonly truncated?: boolean;
}

export interface Source {
  readonly name: string;
  /** As the server says it: may be a kind that cannot be migrated. */
  readonly kind: string;
}

/** `version` is the metadata version (3 where sources exist); servers before metadata v3 have no sources. */
export interface Metadata {
  readonly version: number;
  readonly sources: readonly Source[];
}

/** `cliState` is untouched JSON: read it with `readCatalogState`. */
export interface CatalogState {
  readonly id: string;
  readonly cliState: unknown;
}

export interface InconsistentObject {
  readonly type: string;
  readonly name: string;
  readonly reason: string;
}

/**
 * What the engine needs of a Hasura server, no more. Every method throws `HasuraCallError`.
 * Calls are never repeated by an implementation: whoever calls knows whether that is safe.
 */
export interface Hasura {
  version(): Promise<string>;
  exportMetadata(): Promise<Metadata>;
  catalogState(): Promise<CatalogState>;
  /**
   * Writes the whole document and answers what stood there just before, in one request (a `bulk` of get and set), so that
   * a writer who came in between is noticed and can be put back.
   */
  exchangeCatalogState(next: unknown): Promise<CatalogState>;
  runSql(request: RunSql): Promise<SqlResult>;
  /**
   * Several of them in one request, in order, each in a transaction of its own; the first that fails ends it, and what it says is
   * thrown (docs/internals/hasura-protocol.md, "Several requests in one bulk"). Absent for servers
   * that would make one transaction of all: those before metadata v3.
   */
  readonly runSqls?: ((requests: readonly RunSql[]) => Promise<SqlResult[]>) | undefined;
  inconsistentObjects(): Promise<InconsistentObject[]>;
  /** Rebuilds the schema cache of those sources; answers what is inconsistent then. */
  reloadMetadata(sources: readonly string[]): Promise<InconsistentObject[]>;
}

/** The part of Hasura's error body that says what the database said (docs/internals/hasura-protocol.md, "Errors"). All absent where internals are hidden. */
export interface DatabaseError {
  readonly sqlstate?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly execStatus?: string;
}

/**
 * How a call to Hasura ended when it did not succeed.
 * not-sent: no byte of the request left, nothing happened · rejected: Hasura itself answered with an error ·
 * unknown: the connection broke, or something else than Hasura answered; the request may have taken effect.
 */
export type CallOutcome = "not-sent" | "rejected" | "unknown";

interface CallDetails {
  readonly status?: number;
  /** Hasura's error code, such as `postgres-error` or `access-denied`. */
  readonly code?: string;
  readonly path?: string;
  readonly database?: DatabaseError;
  readonly cause?: unknown;
}

/** Its cause is a `Failure` where it is known what is wrong and waiting cannot help: a secret, a certificate, a name. */
export class HasuraCallError extends Error {
  readonly outcome: CallOutcome;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly path: string | undefined;
  readonly database: DatabaseError | undefined;

  constructor(outcome: CallOutcome, message: string, details: CallDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "HasuraCallError";
    this.outcome = outcome;
    this.status = details.status;
    this.code = details.code;
    this.path = details.path;
    this.database = details.database;
  }
}
