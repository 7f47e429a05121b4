import type { JsonMap } from "../../metadata/document/json.ts";

/**
 * Kinds of source that can be migrated, with the type of request for each (docs/internals/hasura-protocol.md, "Requests by kind
 * of source").
 */
export const runSqlType = {
  postgres: "run_sql",
  citus: "citus_run_sql",
  cockroach: "cockroach_run_sql",
  mssql: "mssql_run_sql",
  bigquery: "bigquery_run_sql",
} as const;
export type SourceKind = keyof typeof runSqlType;

/** One `run_sql`. Without `source` up to config version 2, where only `default` exists. */
export interface RunSql {
  readonly kind: SourceKind;
  readonly sql: string;
  readonly source?: string;
  /** False for migrations since config version 2: Hasura then neither checks metadata nor rebuilds its cache. */
  readonly checkMetadataConsistency?: boolean;
  readonly noTransaction?: boolean;
  readonly readOnly?: boolean;
  /** Milliseconds after which it is abandoned, with an unknown outcome; without it as long as the function's time allows. */
  readonly limitMs?: number;
}

/** Cells are text or null. The first row of the response, the column names, is in `columns`. Both are empty for CommandOk. */
export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** The SQL succeeded, but there were too many rows to keep. */
  readonly truncated?: boolean;
}

export interface Source {
  readonly name: string;
  /** As the server reports it; possibly a kind that cannot be migrated. */
  readonly kind: string;
}

/** `version` is the metadata version; servers before version 3 have no sources. */
export interface Metadata {
  readonly version: number;
  readonly sources: readonly Source[];
}

/** The server's metadata with its version, and its inconsistent objects. */
export interface ServerMetadata {
  /** Goes up by one with each change, also with one that changes nothing. */
  readonly resourceVersion: number;
  readonly document: JsonMap;
  readonly inconsistent: readonly InconsistentObject[];
}

/** Metadata that replaces all of the server's. */
export interface MetadataReplacement {
  readonly document: JsonMap;
  /** The version that the server's metadata must have; otherwise it refuses with 409. */
  readonly resourceVersion: number;
  /** Store the document even if objects in it are inconsistent. */
  readonly allowInconsistent: boolean;
}

/** `cliState` is unchecked JSON: read it with `readCatalogState`. */
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
 * The operations of a Hasura server that the engine needs. Every method throws `HasuraCallError`.
 * Implementations never retry: only the caller knows whether that is safe.
 */
export interface Hasura {
  version(): Promise<string>;
  exportMetadata(): Promise<Metadata>;
  /** The whole metadata, with its inconsistent objects, in one request. Only for servers with metadata version 3. */
  readMetadata(): Promise<ServerMetadata>;
  /**
   * Replaces the whole metadata and returns Hasura's warnings about it. Only for servers with metadata version 3. If objects would be
   * inconsistent and that is not allowed, the error lists them.
   */
  replaceMetadata(replacement: MetadataReplacement): Promise<readonly string[]>;
  catalogState(): Promise<CatalogState>;
  /**
   * Replaces the whole document and returns the previous one, in one request (a `bulk` of get and set), so that a concurrent
   * write is detected and can be restored.
   */
  exchangeCatalogState(next: unknown): Promise<CatalogState>;
  runSql(request: RunSql): Promise<SqlResult>;
  /**
   * Several in one request, in order, each in its own transaction; the first that fails ends the request, and its error is
   * thrown (docs/internals/hasura-protocol.md, "Several requests in one bulk"). Absent for servers before metadata v3, which would
   * run all of them in one transaction.
   */
  readonly runSqls?: ((requests: readonly RunSql[]) => Promise<SqlResult[]>) | undefined;
  inconsistentObjects(): Promise<InconsistentObject[]>;
  /** Rebuilds the schema cache of these sources; returns the objects that are inconsistent afterwards. */
  reloadMetadata(sources: readonly string[]): Promise<InconsistentObject[]>;
  /** The same for all sources and remote schemas. `recreateEventTriggers`: creates the event triggers in the databases again. */
  reloadAll(options: { readonly recreateEventTriggers: boolean }): Promise<InconsistentObject[]>;
}

/**
 * The database's error in Hasura's error body (docs/internals/hasura-protocol.md, "Errors"). All absent if Hasura hides
 * internals.
 */
export interface DatabaseError {
  readonly sqlstate?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly execStatus?: string;
  /** The text that failed: a whole `run_sql`, or one statement of it if each is sent separately. Absent if it is long. */
  readonly statement?: string;
}

/**
 * How a failed call to Hasura ended.
 * not-sent: no byte of the request was sent, nothing happened · rejected: Hasura itself responded with an error ·
 * unknown: the connection was lost, or the response is not Hasura's; the request may have taken effect.
 */
export type CallOutcome = "not-sent" | "rejected" | "unknown";

interface CallDetails {
  readonly status?: number;
  /** Hasura's error code, such as `postgres-error` or `access-denied`. */
  readonly code?: string;
  readonly path?: string;
  readonly database?: DatabaseError;
  /** The inconsistent objects because of which metadata was refused. */
  readonly inconsistent?: readonly InconsistentObject[];
  readonly cause?: unknown;
}

/** Its cause is a `Failure` if the problem is known and waiting does not help: a secret, a certificate, a host name. */
export class HasuraCallError extends Error {
  readonly outcome: CallOutcome;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly path: string | undefined;
  readonly database: DatabaseError | undefined;
  readonly inconsistent: readonly InconsistentObject[] | undefined;

  constructor(outcome: CallOutcome, message: string, details: CallDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "HasuraCallError";
    this.outcome = outcome;
    this.status = details.status;
    this.code = details.code;
    this.path = details.path;
    this.database = details.database;
    this.inconsistent = details.inconsistent;
  }
}
