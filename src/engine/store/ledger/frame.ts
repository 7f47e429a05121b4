import type { Step } from "../store.ts";
import { isKeptDown } from "../kept-down.ts";
import type { LedgerStep } from "./ledger-step.ts";
import { quoteLiteral, versionNumber } from "../../sql/quote.ts";
import { labelStatement, type StatementLabel } from "./statement-label.ts";
import { base64, json, jsonText, readCommitted } from "./sql-call.ts";

/** What a migration's request expects of the ledger. */
export interface Frame {
  readonly run: string;
  /** The generation before the migration. */
  readonly generation: bigint;
  /** That generation was made by this run. */
  readonly ownGeneration: boolean;
  /** The generation up to which the catalog state has been written. */
  readonly synced: bigint;
}

/**
 * One migration or seed and its record as one text for one `run_sql`. The file has lines of its own,
 * or a `-- comment` at its end would swallow what follows. A text of several statements stops at
 * its first error, so reaching `leave` means that all succeeded.
 */
export function frameInTransaction(
  step: LedgerStep,
  frame: Frame,
  settings: readonly string[],
): string {
  const local = settings.map((setting) => ` SET LOCAL ${setting};`).join("");
  return `${labelStatement(labelOf(step, frame))} ${readCommitted}
SELECT hasura_migrate.enter(${json(enterArgument(step, frame))});${local}
${step.sql}
;
RESET SESSION AUTHORIZATION; RESET ROLE; SELECT hasura_migrate.${leaveCall(step, frame)}`;
}

function labelOf(step: LedgerStep, { run }: Frame): StatementLabel {
  const { name } = step;
  return step.direction === "seed" ? { run, seed: name } : { run, version: step.version, name };
}

function leaveCall(step: LedgerStep, { run, generation }: Frame): string {
  return step.direction === "seed"
    ? `leave_seed(${quoteLiteral(run)}, ${String(generation + 1n)})`
    : `leave(${quoteLiteral(run)}, ${versionNumber(step.version)})`;
}

/**
 * The same for a file outside a transaction. Hasura splits such a text into statements with a
 * parser of its own (docs/internals/hasura-protocol.md, "Statements outside a transaction"), so
 * values are base64, which it cannot misread.
 */
export function frameOutsideTransaction(step: Step, frame: Frame): string {
  return `SELECT hasura_migrate.enter(${base64(jsonText(enterArgument(step, frame)))}::pg_catalog.jsonb);
${step.sql}
;
SELECT hasura_migrate.leave(${base64(frame.run)}, ${versionNumber(step.version)})`;
}

/**
 * A text of the database without what follows the migration in its frame: where a quote of the file is still open, or was closed
 * by one of the frame, an error repeats all of that.
 */
export function withoutFrame(text: string): string {
  return text.replace(
    /\n;\n(?:RESET SESSION AUTHORIZATION|SELECT hasura_migrate\.leave\()[^"]*/,
    "",
  );
}

/** Numbers as texts: JSON numbers lose digits above 2^53 in JavaScript. */
function enterArgument(step: LedgerStep, frame: Frame): object {
  return {
    run: frame.run,
    name: step.name,
    checksum: step.checksum,
    direction: step.direction,
    generation: String(frame.generation),
    own_generation: frame.ownGeneration,
    synced: String(frame.synced),
    outside: step.noTransaction,
    all_settings: mayChangeSettings(step.sql),
    ...(step.direction !== "seed" && {
      version: versionNumber(step.version),
      ...keptDownSql(step.downSql),
    }),
  };
}

/** The text of a down file as stored in the ledger. */
export function keptDownSql(downSql: string | undefined): { readonly down_sql?: string } {
  return downSql !== undefined && isKeptDown(downSql) ? { down_sql: downSql } : {};
}

/**
 * Comparing every setting of the session costs a millisecond, so it is done only where the text
 * could change one.
 */
function mayChangeSettings(sql: string): boolean {
  return /\b(set|reset|set_config|discard|execute|call|do)\b/i.test(sql);
}
