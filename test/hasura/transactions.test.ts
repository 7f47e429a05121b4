import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { databaseError } from "./support/request.ts";
import {
  holdLock,
  lockPids,
  needsInternals,
  ownSchema,
  requests,
  server,
  uniqueName,
  untilWaitingFor,
  valueOnConnection,
} from "./support/server.ts";

async function ownTable(t: TestContext): Promise<string> {
  const table = `${await ownSchema(t)}.t`;
  await requests.rows(`CREATE TABLE ${table} (a int)`);
  return table;
}

const count = (table: string): Promise<string | null> =>
  requests.value(`SELECT count(*) FROM ${table}`);

describe("a text of several statements", () => {
  test("is one transaction", async () => {
    const [row] = await requests.rows(
      `SET LOCAL hasura_migrate_test.first = 'none';
       SELECT set_config('hasura_migrate_test.first', txid_current()::text, true);
       SELECT current_setting('hasura_migrate_test.first') = txid_current()::text`,
    );
    assert.deepEqual(row, ["t"]);
  });

  test("stops at the first failure and keeps nothing", async (t) => {
    const table = await ownTable(t);
    const text = `INSERT INTO ${table} VALUES (1); SELECT 1/0; INSERT INTO ${table} VALUES (2)`;
    assert.equal((await requests.sql(text)).status, 400);
    assert.equal(await count(table), "0");
  });

  test("keeps nothing if the commit fails", async (t) => {
    const table = await ownTable(t);
    await requests.rows(
      `ALTER TABLE ${table} ADD CONSTRAINT once UNIQUE (a) DEFERRABLE INITIALLY DEFERRED`,
    );
    const answer = await requests.sql(`INSERT INTO ${table} VALUES (1), (1)`);
    assert.ok(answer.status >= 400, JSON.stringify(answer));
    assert.equal(await count(table), "0");
  });
});

describe("the isolation level", () => {
  test("may be set before the first query, even after SET LOCAL", async () => {
    const text = "SET LOCAL lock_timeout = '5s'; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;";
    assert.equal(await requests.value(`${text} SHOW transaction_isolation`), "serializable");
    const next = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SHOW transaction_isolation";
    assert.equal(await requests.value(next), "read committed");
  });

  test("may not be set after a query", async (t) => {
    needsInternals(t);
    const answer = await requests.sql(
      "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    );
    assert.equal(databaseError(answer).status_code, "25001");
  });

  test("hides from others what is not committed", async (t) => {
    const table = await ownTable(t);
    const lock = await holdLock(t);
    const writer = requests.rows(
      `INSERT INTO ${table} VALUES (1); SELECT pg_advisory_xact_lock(${lock.key})`,
    );
    await untilWaitingFor(lock);
    assert.equal(await count(table), "0");
    await lock.cancel();
    await writer;
    assert.equal(await count(table), "1");
  });

  for (const [level, seen] of [
    ["READ COMMITTED", "1"],
    ["REPEATABLE READ", "0"],
  ] as const) {
    test(`at ${level} a text sees ${seen} of 1 rows that were committed while it waited`, async (t) => {
      const table = await ownTable(t);
      const lock = await holdLock(t);
      const reader = requests.value(
        `SET TRANSACTION ISOLATION LEVEL ${level}; SELECT pg_advisory_xact_lock(${lock.key}); SELECT count(*) FROM ${table}`,
      );
      await untilWaitingFor(lock);
      await requests.rows(`INSERT INTO ${table} VALUES (1)`);
      await lock.cancel();
      assert.equal(await reader, seen);
    });
  }
});

describe("the frame around a migration", () => {
  /** Functions like those of the ledger: what `enter` writes `leave` must find. */
  async function ownFrame(
    t: TestContext,
  ): Promise<{ schema: string; framed: (file: string) => string }> {
    const schema = await ownSchema(t);
    await requests.rows(`
      CREATE TABLE ${schema}.running (txid bigint);
      CREATE TABLE ${schema}.applied (own boolean);
      CREATE TABLE ${schema}.trace (what text);
      CREATE FUNCTION ${schema}.enter() RETURNS text LANGUAGE sql AS $body$
        INSERT INTO ${schema}.running VALUES (txid_current()) RETURNING 'entered' $body$;
      CREATE FUNCTION ${schema}.leave() RETURNS text LANGUAGE plpgsql AS $body$
      DECLARE was ${schema}.running;
      BEGIN
        DELETE FROM ${schema}.running RETURNING * INTO was;
        IF was.txid IS NULL THEN RAISE EXCEPTION 'nothing was kept' USING ERRCODE = 'HM998'; END IF;
        INSERT INTO ${schema}.applied VALUES (was.txid <> txid_current());
        RETURN CASE WHEN was.txid = txid_current() THEN 'applied' ELSE 'own_commit' END;
      END $body$`);
    const framed = (file: string): string => `SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT ${schema}.enter(); SET LOCAL lock_timeout = '4s';
${file}
;
RESET SESSION AUTHORIZATION; RESET ROLE; SELECT ${schema}.leave()`;
    return { schema, framed };
  }

  test("makes a file and its record one transaction, with the last function's answer", async (t) => {
    const { schema, framed } = await ownFrame(t);
    const file = `INSERT INTO ${schema}.trace SELECT current_setting('lock_timeout') -- no semicolon`;
    assert.equal(await requests.value(framed(file)), "applied");
    assert.deepEqual(await requests.rows(`SELECT what FROM ${schema}.trace`), [["4s"]]);
    assert.equal(await count(`${schema}.applied`), "1");
    assert.notEqual(await requests.value("SHOW lock_timeout"), "4s");
  });

  test("keeps neither file nor record when the file fails", async (t) => {
    const { schema, framed } = await ownFrame(t);
    const answer = await requests.sql(
      framed(`INSERT INTO ${schema}.trace VALUES ('a'); SELECT 1/0`),
    );
    assert.equal(answer.status, 400);
    for (const table of ["trace", "applied", "running"])
      assert.equal(await count(`${schema}.${table}`), "0", table);
  });

  test("notices a file with its own COMMIT: what came before remains, whatever follows", async (t) => {
    const { schema, framed } = await ownFrame(t);
    const insert = `INSERT INTO ${schema}.trace VALUES ('a'); COMMIT;`;
    assert.equal(await requests.value(framed(insert)), "own_commit");
    assert.equal((await requests.sql(framed(`${insert} SELECT 1/0`))).status, 400);
    assert.equal(await count(`${schema}.trace`), "2");
    assert.equal(await count(`${schema}.applied`), "1");
    assert.equal(await count(`${schema}.running`), "1");
  });

  test("notices a file with its own ROLLBACK: nothing was kept", async (t) => {
    const { schema, framed } = await ownFrame(t);
    const answer = await requests.sql(framed(`INSERT INTO ${schema}.trace VALUES ('a'); ROLLBACK`));
    assert.equal(answer.status, 400);
    if (!server.hidesInternals) assert.equal(databaseError(answer).status_code, "HM998");
    assert.equal(await count(`${schema}.trace`), "0");
  });
});

describe("what remains on a pooled connection", () => {
  const notReused = `Hasura ${server.version} did not use the connection again`;

  test("SET persists, SET LOCAL does not, and a new value restores it", async (t) => {
    const names = ["outlives", "local"].map((name) => `hasura_migrate_test.${name}`);
    const pid =
      (await requests.value(
        `SET ${names[0] ?? ""} = 'a'; SET LOCAL ${names[1] ?? ""} = 'b'; SELECT pg_backend_pid()`,
      )) ?? "";
    const settings = names.map((name) => `current_setting('${name}', true)`).join(" || '/' || ");
    const left = await valueOnConnection(pid, settings);
    if (left === undefined) t.skip(notReused);
    assert.equal(left, "a/");
    const back = `set_config('${names[0] ?? ""}', '', false)`;
    assert.equal(await valueOnConnection(pid, back), "");
    assert.equal(await valueOnConnection(pid, settings), "/");
  });

  test("SET ROLE persists, and RESET ROLE restores it", async (t) => {
    const setRole = `DO $$ BEGIN EXECUTE format('SET ROLE %I', current_user); END $$`;
    const pid = (await requests.value(`${setRole}; SELECT pg_backend_pid()`)) ?? "";
    t.onTestFinished(async () => {
      await valueOnConnection(pid, "set_config('role', 'none', false)");
    });
    const left = await valueOnConnection(pid, "current_setting('role')");
    if (left === undefined) t.skip(notReused);
    assert.notEqual(left, "none");
    const reset = `${setRole}; RESET SESSION AUTHORIZATION; RESET ROLE; SELECT pg_backend_pid()`;
    const other = (await requests.value(reset)) ?? "";
    assert.equal(await valueOnConnection(other, "current_setting('role')"), "none");
  });

  test("RESET SESSION AUTHORIZATION restores the user, RESET ROLE alone does not", async (t) => {
    const isSuperuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
    t.skip(
      (await requests.value(isSuperuser)) !== "t",
      "only a superuser may change the session's user",
    );
    const role = uniqueName();
    // All in one transaction, so that nothing is left on the server if it fails.
    const [row] = await requests.rows(`
      CREATE ROLE ${role}; SET SESSION AUTHORIZATION ${role}; RESET ROLE;
      SELECT set_config('hasura_migrate_test.user', current_user, true);
      RESET SESSION AUTHORIZATION; DROP ROLE ${role};
      SELECT current_setting('hasura_migrate_test.user'), current_user <> '${role}'`);
    assert.deepEqual(row, [role, "t"]);
  });

  test("a rolled back text leaves no setting", async (t) => {
    const name = "hasura_migrate_test.rolled_back";
    const text = `SET ${name} = 'a'; DO $$ BEGIN RAISE EXCEPTION '%', pg_backend_pid(); END $$`;
    needsInternals(t);
    const pid = databaseError(await requests.sql(text)).message ?? "";
    const left = await valueOnConnection(pid, `COALESCE(current_setting('${name}', true), '')`);
    if (left === undefined) t.skip(notReused);
    assert.equal(left, "");
  });
});

describe("two requests at once", () => {
  test("an advisory lock of a transaction keeps the other one out, and is seen in pg_locks", async (t) => {
    const lock = await holdLock(t);
    const attempt = `SELECT pg_try_advisory_xact_lock(${lock.key})`;
    assert.equal(await requests.value(attempt), "f");
    assert.deepEqual(await lockPids(lock.key, true), [lock.pid]);
    await lock.cancel();
    assert.equal(await requests.value(attempt), "t");
    assert.deepEqual(await lockPids(lock.key, true), []);
  });

  test("one that waits for the lock gets it when the other one ends", async (t) => {
    const lock = await holdLock(t);
    const second = requests.value(`SELECT pg_advisory_xact_lock(${lock.key}); SELECT 'mine'`);
    await untilWaitingFor(lock);
    await lock.cancel();
    assert.equal(await second, "mine");
  });

  test("a lock ends with a COMMIT of the text", async (t) => {
    const lock = await holdLock(t);
    await lock.cancel();
    const text = `SELECT pg_advisory_xact_lock(${lock.key}); COMMIT;
      SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`;
    assert.equal(await requests.value(text), "0");
  });

  test("pg_cancel_backend ends a statement, Hasura answers an error, and nothing is kept", async (t) => {
    const table = await ownTable(t);
    const lock = await holdLock(t);
    const waiting = requests.sql(
      `INSERT INTO ${table} VALUES (1); SELECT pg_advisory_xact_lock(${lock.key})`,
    );
    await untilWaitingFor(lock);
    const [pid = ""] = await lockPids(lock.key, false);
    assert.equal(await requests.value(`SELECT pg_cancel_backend(${pid})`), "t");
    const answer = await waiting;
    assert.equal(answer.status, 400);
    if (!server.hidesInternals) assert.equal(databaseError(answer).status_code, "57014");
    assert.equal(await count(table), "0");
  });

  test("a session is identified by its pid and its start", async () => {
    const [row] = await requests.rows(
      "SELECT count(*), count(backend_start) FROM pg_stat_get_activity(pg_backend_pid())",
    );
    assert.deepEqual(row, ["1", "1"]);
  });
});
