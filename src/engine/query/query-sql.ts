import { checkSql, checkState } from "./check-sql.ts";
import type { ReadStatement } from "./read-statement.ts";

/** The largest answer: bytes of its rows, as the database writes them. */
export const answerBytes = 4 * 1024 * 1024;

/** How long one statement of the text below may take, and how long it may wait for a lock. */
const statementTimeout = "30s";
const lockTimeout = "1s";
/** Longer than the statements of the text together; three of them can take long. */
export const queryLimitMs = 100_000;

const cursor = "hasura_migrate_query";

/**
 * A statement that reads as the text of one `run_sql`, which returns at most `most` rows. The statement is on lines of
 * its own, because a comment at its end would otherwise swallow what follows. A cursor accepts only a query, and its rows are measured
 * before any is fetched, so that Hasura never holds more than `answerBytes` of them. The text makes the transaction read-only again,
 * because Hasura's driver sends it without its BEGIN if the connection was lost in between (docs/internals/hasura-protocol.md,
 * "Transactions and the driver").
 */
export function querySql({ kind, text, parts }: ReadStatement, most: number): string {
  const bounds = `SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = '${statementTimeout}'; SET LOCAL lock_timeout = '${lockTimeout}';`;
  const start = `${bounds}\n${checkSql(parts)}`;
  if (kind !== "rows") return `${start}\n${text}\n`;
  return `${start}
DECLARE ${cursor} SCROLL CURSOR FOR
${text}
;
${measureSql(most)}
FETCH FORWARD ${String(most)} FROM ${cursor}`;
}

/** Raises `tooLarge`, with the number of rows that fit. */
function measureSql(most: number): string {
  return `DO $hasura_migrate_measure$
DECLARE
  answer pg_catalog.refcursor := '${cursor}';
  answer_row record;
  answer_rows pg_catalog.int4 := 0;
  answer_bytes pg_catalog.int8 := 0;
BEGIN
  LOOP
    FETCH answer INTO answer_row;
    EXIT WHEN NOT FOUND;
    answer_bytes := answer_bytes OPERATOR(pg_catalog.+)
      pg_catalog.octet_length(answer_row::pg_catalog.text)::pg_catalog.int8;
    IF answer_bytes OPERATOR(pg_catalog.>) ${String(answerBytes)}::pg_catalog.int8 THEN
      RAISE EXCEPTION '%', answer_rows USING ERRCODE = '${checkState.tooLarge}';
    END IF;
    answer_rows := answer_rows OPERATOR(pg_catalog.+) 1;
    EXIT WHEN answer_rows OPERATOR(pg_catalog.>=) ${String(most)};
  END LOOP;
  MOVE BACKWARD ALL FROM answer;
END
$hasura_migrate_measure$;`;
}
