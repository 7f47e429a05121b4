import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { bodyOfText } from "../../../src/engine/project/migration-file.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { checkServerWide } from "../../../src/verify/server/check-server-wide.ts";

/** What is refused in a file, as the failure names it; empty if nothing is. */
function refusedIn(sql: string): string {
  try {
    checkServerWide([{ path: "up.sql", body: bodyOfText(sql, "up.sql") }]);
    return "";
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    assert.equal(thrown.code, "server-wide-statement");
    return /: (.*)\.$/.exec(thrown.message)?.[1] ?? "";
  }
}

describe("a migration that is not run on a given server", () => {
  test.each([
    ["select 1;\ncreate role joe", "CREATE ROLE (up.sql:2)"],
    ["grant readers to joe", "GRANT ROLE (up.sql:1)"],
    ["revoke admin option for readers from joe", "REVOKE ROLE (up.sql:1)"],
    ["REVOKE ALL ON DATABASE app FROM public", "REVOKE ON DATABASE (up.sql:1)"],
    ["grant create on tablespace fast to joe", "GRANT ON TABLESPACE (up.sql:1)"],
    ["grant set on parameter work_mem to joe", "GRANT ON PARAMETER (up.sql:1)"],
    ["comment on database app is 'x'", "COMMENT ON DATABASE (up.sql:1)"],
    ["drop subscription s", "DROP SUBSCRIPTION (up.sql:1)"],
    ["copy t from program 'true'", "COPY PROGRAM (up.sql:1)"],
    ["select dblink_exec('x', 'y')", "dblink_exec (up.sql:1)"],
    [
      "select pg_catalog.pg_terminate_backend(pid) from pg_stat_activity",
      "pg_terminate_backend (up.sql:1)",
    ],
    ["do $$ begin\n  if true then grant a to b; end if; end $$", "GRANT ROLE (up.sql:2)"],
    ["do $$ begin execute 'create role ' || 'joe'; end $$", "CREATE ROLE (up.sql:1)"],
    ["do $$ begin execute format('drop role %I', 'joe'); end $$", "DROP ROLE (up.sql:1)"],
    ["do 'begin execute ''alter system reset all''; end'", "ALTER SYSTEM (up.sql:1)"],
  ])("%s", (sql, refused) => {
    assert.equal(refusedIn(sql), refused);
  });
});

describe("a migration that stays in its database", () => {
  test.each([
    "grant select (a, b), update on all tables in schema public to joe with grant option",
    "grant usage on schema app to joe; revoke all on t from public",
    "alter default privileges in schema app grant select on tables to joe",
    "create user mapping for current_user server s",
    "create table t (role text, database text, program text default 'from program')",
    "comment on table t is 'Create role joe; grant a to b'",
    "insert into help values ('create database app')",
    "copy t to stdout",
    "create function f() returns int language sql as $$ select 1 $$",
  ])("%s", (sql) => {
    assert.equal(refusedIn(sql), "");
  });
});
