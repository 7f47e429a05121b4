import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { splitFile } from "../../../src/engine/rehearsal/split-file.ts";

/** The statements that a file is split into, or why it is refused. */
async function split(sql: string): Promise<readonly string[] | string> {
  const result = await splitFile(sql);
  if (result.kind === "refused") return result.reason;
  return result.parts.map(({ start, end }) => sql.slice(start, end));
}

describe("the statements of a file for a rehearsal", () => {
  for (const [what, sql, statements] of [
    ["several", "SELECT 1;\nSELECT ';';;", ["SELECT 1", "SELECT ';'"]],
    ["a comment only", "-- nothing", []],
    ["a byte order mark", "\uFEFFSELECT 1;", ["SELECT 1"]],
    [
      "a body of BEGIN ATOMIC",
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3",
      ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "SELECT 3"],
    ],
    ["text that cannot be parsed", "SELECT (1; SELECT 2", ["SELECT (1; SELECT 2"]],
    ["a sequence that advances", "SELECT nextval('s')", ["SELECT nextval('s')"]],
    [
      "a lock of the transaction",
      "SELECT pg_advisory_xact_lock(1)",
      ["SELECT pg_advisory_xact_lock(1)"],
    ],
    [
      "a notification",
      "SELECT pg_notify('a', 'b'); NOTIFY a",
      ["SELECT pg_notify('a', 'b')", "NOTIFY a"],
    ],
    [
      "a column with such a name",
      "SELECT http_status FROM worker_id",
      ["SELECT http_status FROM worker_id"],
    ],
    [
      "a body with such a column",
      "DO 'BEGIN PERFORM http_status FROM t; END'",
      ["DO 'BEGIN PERFORM http_status FROM t; END'"],
    ],
    ["rows from a file", "COPY t FROM '/tmp/rows'", ["COPY t FROM '/tmp/rows'"]],
  ] as const)
    test(`are found in a file with ${what}`, async () =>
      assert.deepEqual(await split(sql), statements));

  for (const [what, sql, reason] of [
    ["COMMIT", "SELECT 1; COMMIT;", "has transaction statements of its own"],
    ["PREPARE TRANSACTION", "PREPARE TRANSACTION 'a'", "has transaction statements of its own"],
    ["a savepoint", "SAVEPOINT a", "has transaction statements of its own"],
    [
      "dblink",
      "SELECT dblink_exec('a')",
      "calls dblink_exec, whose effect a rollback does not undo",
    ],
    [
      "dblink in FROM",
      "SELECT * FROM public.dblink('a', 'b') AS t (id int)",
      "calls dblink, whose effect a rollback does not undo",
    ],
    [
      "dblink in a body",
      "DO $$ BEGIN PERFORM dblink_exec ('a'); END $$",
      "calls dblink_exec, whose effect a rollback does not undo",
    ],
    [
      "dblink in a file that cannot be parsed",
      "SELECT (1; SELECT dblink('a')",
      "calls dblink, whose effect a rollback does not undo",
    ],
    [
      "a lock of the session",
      "SELECT pg_advisory_lock(1)",
      "calls pg_advisory_lock, whose effect a rollback does not undo",
    ],
    [
      "a large object that is exported",
      "SELECT lo_export(1, 'a')",
      "calls lo_export, whose effect a rollback does not undo",
    ],
    [
      "a sequence that is set",
      "SELECT setval('s', 1)",
      "calls setval, whose effect a rollback does not undo",
    ],
    [
      "a call of another Lambda function",
      "SELECT aws_lambda.invoke('arn', '{}')",
      "calls invoke, whose effect a rollback does not undo",
    ],
    [
      "SELECT INTO",
      "SELECT 1 AS n INTO t UNION SELECT 2 UNION SELECT 3",
      "has SELECT … INTO, which a rehearsal cannot run; CREATE TABLE … AS does the same",
    ],
    ["COPY to a file", "COPY t TO '/tmp/rows'", "copies to a file or a program"],
    ["COPY from a program", "COPY t FROM PROGRAM 'ls'", "copies to a file or a program"],
    [
      "a prepared statement",
      "PREPARE p AS SELECT 1",
      "prepares a statement, which a rollback does not undo",
    ],
    ["a subscription", "DROP SUBSCRIPTION s", "creates, changes or drops a subscription"],
    [
      "strings with backslashes",
      "SET standard_conforming_strings = off",
      "sets standard_conforming_strings",
    ],
    ["more than 1 MB", `SELECT '${"x".repeat(1_000_001)}'`, "is larger than 1 MB"],
  ] as const)
    test(`are refused for a file with ${what}`, async () => assert.equal(await split(sql), reason));
});
