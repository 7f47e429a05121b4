import type { Actor } from "../../../protocol/request.ts";
import type { Version } from "../../../protocol/migration.ts";
import type { RunEnd, Step } from "../store.ts";
import { quoteLiteral, versionNumber } from "../../sql/quote.ts";

/** Down files up to this many bytes are kept in the ledger, so that anyone can roll back what they did not write. */
const longestDownSql = 64 * 1024;

export interface Frame {
  readonly run: string;
  readonly generation: bigint;
  /** That generation is one that the run made itself. */
  readonly mine: boolean;
  /** The generation up to which the catalog state has been told by now. */
  readonly synced: bigint;
}

/**
 * One migration and its record as one text for one `run_sql`. The file stands on lines of its own, or a last `-- comment` would
 * swallow what follows. A text of several statements stops at its first error, so reaching `leave` means that all succeeded.
 */
export function frameMigration(step: Step, frame: Frame, settings: readonly string[]): string {
  const local = settings.map((setting) => ` SET LOCAL ${setting};`).join("");
  return `SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT hasura_migrate.enter(${enterArguments(step, frame, quoteLiteral)});${local}
${step.sql}
;
RESET SESSION AUTHORIZATION; RESET ROLE; SELECT hasura_migrate.leave(${quoteLiteral(frame.run)}, ${versionNumber(step.version)})`;
}

/**
 * The same for a file outside a transaction, which the server cuts into statements by a splitter of
 * its own (docs/internals/hasura-protocol.md, "Statements outside a transaction"), so the texts
 * around the file are encoded in a way it cannot misread.
 */
export function frameOutsideTransaction(step: Step, frame: Frame): string {
  return `SELECT hasura_migrate.enter(${enterArguments(step, frame, encoded)});
${step.sql}
;
SELECT hasura_migrate.leave(${encoded(frame.run)}, ${versionNumber(step.version)})`;
}

function enterArguments(
  step: Step,
  { run, generation, mine, synced }: Frame,
  quote: (text: string) => string,
): string {
  const down =
    step.downSql !== undefined && Buffer.byteLength(step.downSql) <= longestDownSql
      ? quote(step.downSql)
      : "NULL";
  const every = maySetSomething(step.sql) ? "true" : "false";
  const texts = [
    quote(run),
    versionNumber(step.version),
    quote(step.name),
    quote(step.checksum),
    quote(step.direction),
  ];
  return [
    ...texts,
    String(generation),
    String(mine),
    String(synced),
    down,
    String(step.noTransaction),
    every,
  ].join(", ");
}

/** Whether the session's settings must be compared one by one: costs a millisecond, so only where the text could change any. */
function maySetSomething(sql: string): boolean {
  return /\b(set|reset|set_config|discard|execute|call|do)\b/i.test(sql);
}

export type LedgerChange =
  | {
      readonly what: "marked applied" | "adopted";
      readonly version: Version;
      readonly name: string;
      readonly checksum?: string | undefined;
    }
  | {
      readonly what: "marked pending" | "forgotten";
      readonly version: Version;
      readonly name: string;
    };

/** Changes of the books alone, in one transaction. */
export function recordSql(
  changes: readonly LedgerChange[],
  { run, generation, synced }: Omit<Frame, "mine">,
): string {
  return `${readCommitted}SELECT hasura_migrate.record(${quoteLiteral(run)}, ${String(generation)}, ${String(synced)}, ${quoteLiteral(JSON.stringify(changes))}::jsonb)`;
}

export interface RunDescription {
  readonly run: string;
  readonly operation: string;
  readonly actor: Actor;
  readonly requestId: string;
  readonly imageCommit?: string | undefined;
  readonly options: unknown;
}

/** Registers the run unless another one is live, and answers the snapshot either way. `liveMs`: how long a silent run counts as live. */
export function beginRunSql(
  { run, operation, actor, requestId, imageCommit, options }: RunDescription,
  liveMs: number,
): string {
  const texts = [run, operation].map(quoteLiteral);
  const json = (value: unknown): string => `${quoteLiteral(JSON.stringify(value))}::jsonb`;
  const commit = imageCommit === undefined ? "NULL" : quoteLiteral(imageCommit);
  return `${readCommitted}SELECT hasura_migrate.begin_run(${[...texts, json(actor), quoteLiteral(requestId), commit, json(options), String(liveMs)].join(", ")})`;
}

/** Closes the run, notes what the catalog has been told, and answers a last snapshot. */
export function endRunSql(
  run: string,
  { outcome, failure }: RunEnd,
  told: bigint,
  serverId: string | undefined,
): string {
  const texts = [serverId, failure].map((text) =>
    text === undefined ? "NULL" : quoteLiteral(text),
  );
  return `${readCommitted}SELECT hasura_migrate.end_run(${[quoteLiteral(run), quoteLiteral(outcome), String(told), ...texts].join(", ")})`;
}

/** The snapshot alone. Writes nothing. */
export function snapshotSql(run: string, liveMs: number): string {
  return `${readCommitted}SELECT hasura_migrate.snapshot(${quoteLiteral(run)}, ${String(liveMs)})`;
}

/** Whether there can be a ledger, and is one: columns `there`, `version`, `product`, `standby`, `may_create`, `who`, `place`. */
export const probe = `SELECT pg_catalog.to_regclass('hasura_migrate.head') IS NOT NULL, pg_catalog.current_setting('server_version_num'), pg_catalog.version(),
  pg_catalog.pg_is_in_recovery(), pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), current_user, pg_catalog.current_database()`;

/** Wherever the source's own isolation level would make a transaction look at an old state. */
const readCommitted = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\n";

function encoded(text: string): string {
  return `pg_catalog.convert_from(pg_catalog.decode('${Buffer.from(text).toString("base64")}', 'base64'), 'UTF8')`;
}
