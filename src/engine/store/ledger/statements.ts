import type { Actor } from "../../../protocol/request.ts";
import type { RunSource } from "../../../protocol/run-source.ts";
import type { Version } from "../../../protocol/migration.ts";
import type { RunEnd, Step, VersionMark } from "../store.ts";
import { quoteLiteral, versionNumber } from "../../sql/quote.ts";
import { refuseForeignPartsSql } from "./sql/ownership.ts";
import { call, json, literalOrNull, readCommitted } from "./sql-call.ts";
import { keptDownSql, type Frame } from "./frame.ts";

export type LedgerChange =
  | {
      readonly what: "marked applied" | "adopted";
      readonly version: Version;
      readonly name: string;
      readonly checksum?: string | undefined;
      readonly down_sql?: string | undefined;
    }
  | {
      readonly what: "marked pending" | "forgotten" | "squashed";
      readonly version: Version;
      readonly name: string;
    };

/** Records a squash as applied in place of its applied parts. */
export function replacement(step: Step, parts: readonly Version[]): LedgerChange[] {
  const { version, name, checksum } = step;
  return [
    ...parts.map((part): LedgerChange => ({ what: "squashed", version: part, name: "" })),
    { what: "marked applied", version, name, checksum, ...keptDownSql(step.downSql) },
  ];
}

/** Records versions as applied or as not applied. */
export function marking(
  marks: readonly VersionMark[],
  as: "applied" | "pending",
): readonly LedgerChange[] {
  return marks.map(({ version, name = "", checksum, downSql }) =>
    as === "applied"
      ? { what: "marked applied", version, name, checksum, ...keptDownSql(downSql) }
      : { what: "marked pending", version, name },
  );
}

/** Changes the record alone, in one transaction. */
export function recordSql(
  changes: readonly LedgerChange[],
  { run, generation, synced }: Omit<Frame, "ownGeneration">,
): string {
  return call("record", quoteLiteral(run), String(generation), String(synced), json(changes));
}

export interface RunDescription {
  readonly run: string;
  readonly operation: string;
  readonly actor: Actor;
  readonly requestId: string;
  /** Which invocation of the run this is, from 1. */
  readonly part: number;
  readonly imageCommit?: string | undefined;
  /** Where its migrations come from. */
  readonly source?: RunSource;
  readonly options: unknown;
}

/**
 * Registers the run, as waiting where another one is live; returns a snapshot. `liveMs`: how long a
 * silent run counts as live.
 */
export function beginRunSql(description: RunDescription, liveMs: number): string {
  const { run, part, operation, actor, requestId, imageCommit, source, options } = description;
  const row = {
    id: run,
    part,
    operation,
    actor,
    request_id: requestId,
    image_commit: imageCommit,
    source,
    options,
  };
  return call("begin_run", json(row), String(liveMs));
}

/** Records that the run is alive, for the time in which none of its migrations is in progress. */
export function keepAliveSql({
  run,
  requestId,
}: Pick<RunDescription, "run" | "requestId">): string {
  return `UPDATE hasura_migrate.run SET seen_at = pg_catalog.clock_timestamp()
WHERE id OPERATOR(pg_catalog.=) ${quoteLiteral(run)}
  AND ${quoteLiteral(requestId)} OPERATOR(pg_catalog.=) ANY (request_ids) AND ended_at IS NULL`;
}

/** Keeps the fingerprints of all that the run may do in this database, unless it has kept them before. */
export function keepPlanSql(
  { run, requestId }: Pick<RunDescription, "run" | "requestId">,
  steps: readonly string[],
): string {
  return call("keep_plan", quoteLiteral(run), quoteLiteral(requestId), json(steps));
}

/**
 * Closes the run if this request has registered or continued it, stores what the catalog state is
 * known to hold, and on which server, and answers a last snapshot.
 */
export function endRunSql(
  { run, requestId }: Pick<RunDescription, "run" | "requestId">,
  { outcome, failure }: RunEnd,
  { synced, serverId }: { readonly synced: bigint; readonly serverId?: string },
): string {
  return call(
    "end_run",
    quoteLiteral(run),
    quoteLiteral(requestId),
    quoteLiteral(outcome),
    literalOrNull(failure),
    String(synced),
    literalOrNull(serverId),
  );
}

/** Everything the ledger holds. Writes nothing. */
export function snapshotSql(run: string, liveMs: number): string {
  return call("snapshot", quoteLiteral(run), String(liveMs));
}

/**
 * The same as the first request of a run: it fails, before a function of the schema is called, where
 * a part of the ledger belongs to another role. `since`: return only changes since that answer.
 */
export function firstSnapshotSql(run: string, liveMs: number, since?: ChangePosition): string {
  const values = [quoteLiteral(run), String(liveMs)];
  const query = since
    ? `SELECT hasura_migrate.snapshot_since(${[...values, String(since.change), quoteLiteral(since.mark)].join(", ")})`
    : `SELECT hasura_migrate.snapshot(${values.join(", ")})`;
  return [readCommitted, refuseForeignPartsSql, query].join("\n");
}

/** The last change of the ledger that an answer includes. */
export interface ChangePosition {
  readonly change: bigint;
  readonly mark: string;
}

/** The oldest other run that is in progress, as JSON; no row if there is none. Writes nothing. */
export function otherRunSql(run: string, liveMs: number): string {
  const actor = (key: string): string =>
    `r.actor OPERATOR(pg_catalog.->>) ${quoteLiteral(key)}::pg_catalog.text`;
  return `SELECT pg_catalog.json_build_object(
  'run', r.id,
  'operation', r.operation,
  'user', ${actor("user")},
  'host', ${actor("host")},
  'ciJob', ${actor("ciJob")},
  'ms', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) r.started_at) OPERATOR(pg_catalog.*) 1000
)
FROM hasura_migrate.live_runs(${String(liveMs)}) AS r
WHERE r.id OPERATOR(pg_catalog.<>) ${quoteLiteral(run)}::pg_catalog.text
ORDER BY r.started_at
LIMIT 1`;
}

/** Asks one run, by its whole id, or all to stop before their next migration; returns their ids. */
export function cancelRunsSql(run: string | undefined, liveMs: number): string {
  return call("cancel_runs", literalOrNull(run), String(liveMs));
}

/** Who started runs, as one JSON text: id and actor of each. Writes nothing. */
export function actorsSql(runs: readonly string[]): string {
  const ids = runs.map(quoteLiteral).join(", ");
  return `SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(id, actor)), '[]')::pg_catalog.text FROM hasura_migrate.run WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY[${ids}]::pg_catalog.text[])`;
}

/**
 * What the ledger keeps about versions, as one JSON text: version, name, down SQL, and the actor of the run that applied it. A plain
 * query, which works with ledgers of every version. Writes nothing.
 */
export function keptSql(versions: readonly Version[]): string {
  return `SELECT COALESCE(pg_catalog.json_agg(
  pg_catalog.json_build_array(m.version::pg_catalog.text, m.name, m.down_sql, r.actor)), '[]')::pg_catalog.text
FROM hasura_migrate.migration AS m
LEFT JOIN hasura_migrate.run AS r ON r.id OPERATOR(pg_catalog.=) m.run
WHERE m.version OPERATOR(pg_catalog.=) ANY (ARRAY[${versions.map(versionNumber).join(", ")}]::pg_catalog.int8[])`;
}

/**
 * Of these versions those that a squash has replaced which is still applied, as one JSON text: version, and that of the squash. A plain
 * query, which ledgers of every version answer. Writes nothing.
 */
export function squashedSql(versions: readonly Version[]): string {
  return `SELECT COALESCE(pg_catalog.json_agg(
  pg_catalog.json_build_array(part.version::pg_catalog.text, squash.version::pg_catalog.text)), '[]')::pg_catalog.text
FROM (
  SELECT DISTINCT ON (s.version) s.version, s.what, s.generation, s.run
  FROM hasura_migrate.step AS s
  WHERE s.version OPERATOR(pg_catalog.=) ANY (ARRAY[${versions.map(versionNumber).join(", ")}]::pg_catalog.int8[])
  ORDER BY s.version, s.generation DESC
) AS part
CROSS JOIN LATERAL (
  -- The squash is recorded after its parts, in the same transaction.
  SELECT s.version
  FROM hasura_migrate.step AS s
  WHERE s.generation OPERATOR(pg_catalog.>) part.generation
    AND s.run OPERATOR(pg_catalog.=) part.run
    AND s.what OPERATOR(pg_catalog.=) 'marked applied'::pg_catalog.text
  ORDER BY s.generation
  LIMIT 1
) AS squash
WHERE part.what OPERATOR(pg_catalog.=) 'squashed'::pg_catalog.text
  AND EXISTS (
    SELECT FROM hasura_migrate.migration AS m WHERE m.version OPERATOR(pg_catalog.=) squash.version
  )`;
}

/**
 * The newest record of each seed, as one JSON text: name, checksum, run, time, and whether it was finished. Writes nothing.
 */
export const seedsSql = `${readCommitted}
SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(
  newest.name, newest.checksum, newest.run, hasura_migrate.iso_time(newest.applied_at), newest.ms IS NOT NULL
)), '[]')::pg_catalog.text
FROM (
  SELECT DISTINCT ON (s.name) s.*
  FROM hasura_migrate.seed AS s
  ORDER BY s.name, s.generation DESC
) AS newest`;

/** The hashes of the statements of queries: rows of run and hash. Writes nothing. */
export function statementsSql(runs: readonly string[]): string {
  const ids = runs.map(quoteLiteral).join(", ");
  return `SELECT id, options OPERATOR(pg_catalog.->>) 'statement'::pg_catalog.text FROM hasura_migrate.run WHERE id OPERATOR(pg_catalog.=) ANY (ARRAY[${ids}]::pg_catalog.text[])`;
}

/**
 * Cancels what a run is executing right now. Never by terminating the connection: Hasura's driver
 * would send the statement again (docs/internals/hasura-protocol.md, "Ending a statement from
 * outside").
 */
export function cancelStatementSql(run: string): string {
  return call("cancel_statement", quoteLiteral(run));
}

/** Who holds the lock that a migration is waiting for. Writes nothing. */
export const lockHoldersSql = call("lock_holders");

/** The version of an existing ledger's schema. */
export const schemaVersionSql = "SELECT schema_version FROM hasura_migrate.head";

/**
 * Whether there is a ledger, and what decides whether there can be one. Columns as in
 * `ServerCapabilities`.
 */
export const probeSql = `SELECT
  pg_catalog.to_regclass('hasura_migrate.head') IS NOT NULL,
  pg_catalog.current_setting('server_version_num'),
  pg_catalog.version(),
  pg_catalog.pg_is_in_recovery(),
  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
  current_user`;
