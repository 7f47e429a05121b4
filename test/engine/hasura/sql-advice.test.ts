import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { stepFailure, type FailedFile } from "../../../src/engine/hasura/sql-errors.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { runHint } from "../../../src/protocol/hint.ts";
import { hintText } from "../../../src/cli/output/hints.ts";

async function hintsFor(
  sqlstate: string,
  message: string,
  failed: Partial<FailedFile> = {},
): Promise<string[]> {
  const error = new HasuraCallError("rejected", "postgres-error", {
    status: 400,
    database: { sqlstate, message },
  });
  const failure = await stepFailure(error, { file: "f/up.sql", sql: "SELECT 1;", ...failed });
  assert.ok(failure instanceof Failure);
  return failure.hints.map((hint) => hintText(hint));
}

describe("the next step for an error of the database", () => {
  const cases: readonly [string, string, string, string, RegExp][] = [
    [
      "a dump's psql commands",
      "42601",
      'syntax error at or near "\\"',
      "-- dump\n\\restrict k3y\nSELECT 1;\n\\unrestrict k3y\n",
      /^Only psql understands line 2 \(\\restrict\), line 4 \(\\unrestrict\): delete those lines\./,
    ],
    [
      "a variable of psql",
      "42601",
      'syntax error at or near ":"',
      "SELECT 1::int, ':x';\nINSERT INTO t VALUES (:'v');",
      /^Only psql replaces variables such as :'v' \(line 2\): write the value into the file\.$/,
    ],
    [
      "COPY FROM stdin",
      "42601",
      'syntax error at or near "1"',
      "CREATE TABLE a (b int);\nCOPY public.a (b) FROM stdin;\n1\n\\.\n",
      /^COPY … FROM stdin \(line 2\) works only in psql/,
    ],
    [
      "a setting of a newer server",
      "42704",
      'unrecognized configuration parameter "transaction_timeout"',
      "SET a = 1;\nSET transaction_timeout = 0;",
      /does not have the setting transaction_timeout, .* delete line 2\.$/,
    ],
    [
      "Hasura's own schema",
      "42P06",
      'schema "hdb_catalog" already exists',
      "CREATE SCHEMA hdb_catalog;",
      /^hdb_catalog belongs to Hasura itself/,
    ],
    [
      "a lock",
      "55P03",
      "canceling statement due to lock timeout",
      "ALTER TABLE a ADD b int;",
      /^Another session holds a lock/,
    ],
    [
      "a schema that may not be used",
      "42501",
      "permission denied for schema public",
      "CREATE TABLE a ();",
      /GRANT USAGE, CREATE ON SCHEMA public/,
    ],
    [
      "another owner",
      "42501",
      "must be owner of table a",
      "ALTER TABLE a ADD b int;",
      /^Only the owner of table a may do this/,
    ],
    [
      "a function of an extension",
      "42883",
      "function public.uuid_generate_v4() does not exist",
      "",
      /CREATE EXTENSION IF NOT EXISTS "uuid-ossp"/,
    ],
    [
      "a type of an extension",
      "42704",
      'type "citext" does not exist',
      "",
      /CREATE EXTENSION IF NOT EXISTS "citext"/,
    ],
    [
      "an extension that is not there",
      "0A000",
      'extension "pg_cron" is not available',
      "",
      /^The database server does not have this extension/,
    ],
    [
      "a new enum value",
      "55P04",
      'unsafe use of new value "x" of enum type mood',
      "",
      /move ALTER TYPE … ADD VALUE into a separate, earlier migration/,
    ],
  ];
  for (const [name, sqlstate, message, sql, says] of cases)
    test(name, async () => {
      assert.match((await hintsFor(sqlstate, message, { sql }))[0] ?? "", says);
    });

  test("a lock timeout names the holder, if one was seen", async () => {
    const lockHolders = [{ pid: 5, state: "active", waits: false }];
    const locked = /^It waited for a lock that session 5 \(active\) held\./;
    const first = async (sqlstate: string, message: string): Promise<string> =>
      (await hintsFor(sqlstate, message, { lockHolders }))[0] ?? "";
    assert.match(await first("55P03", "canceling statement due to lock timeout"), locked);
    assert.match(await first("57014", "canceling statement due to statement timeout"), locked);
    assert.doesNotMatch(await first("23505", "duplicate key value"), locked);
  });

  test("an object that already exists suggests recording the version as applied", async () => {
    const markApplied = runHint(["mark", "dev-3", "1", "--applied"], "record it");
    for (const state of ["42P06", "42P07", "42710", "42701", "42723"])
      assert.deepEqual(
        (await hintsFor(state, 'relation "a" already exists', { markApplied })).slice(0, 1),
        ["record it: hasura-migrate mark dev-3 1 --applied"],
      );
    const missing = await hintsFor("42P01", 'relation "a" does not exist', { markApplied });
    assert.equal(missing.length, 1);
    const catalog = await hintsFor("42P06", 'schema "hdb_catalog" already exists', { markApplied });
    assert.ok(catalog.every((hint) => !hint.includes("mark dev-3")));
  });

  test("the candidate lines are part of the failure", async () => {
    const error = new HasuraCallError("rejected", "postgres-error", {
      status: 400,
      database: { sqlstate: "42P01", message: 'relation "a" does not exist' },
    });
    const failure = await stepFailure(error, {
      file: "f/up.sql",
      sql: "SELECT 1 FROM a;\nTABLE a;",
    });
    assert.ok(failure instanceof Failure);
    assert.deepEqual(
      failure.sql?.places?.map(({ line }) => line),
      [1, 2],
    );
  });

  test("an error without a specific next step asks to correct the file", async () => {
    assert.equal((await hintsFor("22012", "division by zero")).length, 1);
  });
});
