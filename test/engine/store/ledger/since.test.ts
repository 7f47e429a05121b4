import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { installationSql } from "../../../../src/engine/store/ledger/sql/installation.ts";
import { query } from "../../../support/postgres.ts";
import {
  asSince,
  compare,
  connected,
  content,
  installed,
  once,
  positionOf,
  restored,
  sinceOf,
  wholeOf,
} from "../../support/ledger-since.ts";

function recordSql(version: number, what: string): string {
  return `SELECT hasura_migrate.record('run', generation, 0, '[{"version":${String(version)},"name":"a","checksum":"c","what":"${what}"}]') FROM hasura_migrate.head`;
}

describe.concurrent("what has changed in a ledger since it was read", () => {
  test("only the records that have changed are answered, and none where nothing has", async (t) => {
    const ask = once(await installed(t));
    for (const version of [1, 2, 3]) await ask(recordSql(version, "marked applied"));
    const kept = await wholeOf(ask);
    await ask(recordSql(2, "marked pending"));
    const [first] = await ask(asSince, positionOf(kept));
    assert.match(
      String(first?.["it"]),
      /"touched" : \["2"\].*"migrations" : \[\].*"gone" : \{ ?"2" : "4" ?\}/,
    );
    const next = await sinceOf(ask, kept);
    assert.deepEqual([...next.snapshot.applied.keys()], ["1", "3"]);
    const again = await sinceOf(ask, next.snapshot);
    assert.equal(again.isContinued, true);
    assert.equal(again.snapshot.applied, next.snapshot.applied);
    assert.equal(again.snapshot.gone, next.snapshot.gone);
  });

  test("a change that is not committed is not seen, and seen once it is, though others have read meanwhile", async (t) => {
    const url = await installed(t);
    const [ask, other] = [await connected(t, url), await connected(t, url)];
    const kept = await wholeOf(ask);
    await other("BEGIN");
    await other(recordSql(1, "marked applied"));
    const meanwhile = await compare(ask, kept);
    assert.equal(meanwhile.snapshot.applied.size, 0);
    await other("COMMIT");
    assert.equal((await compare(ask, meanwhile.snapshot)).snapshot.applied.size, 1);
  });

  test("a file that commits by itself ends after a later change: its end is detected", async (t) => {
    const url = await installed(t);
    const ask = await connected(t, url);
    await ask(
      `SELECT hasura_migrate.enter('{"run":"run","version":1,"name":"a","checksum":"c","direction":"up","generation":0,"own_generation":false,"synced":0,"outside":true,"all_settings":false}')`,
    );
    await ask(recordSql(2, "marked applied"));
    const kept = await wholeOf(ask);
    await ask("SELECT hasura_migrate.leave('run', 1)");
    const { snapshot, isContinued } = await compare(ask, kept);
    assert.deepEqual([[...snapshot.applied.keys()], isContinued], [["1", "2"], true]);
  });

  test("a file that commits by itself ends while another run records it: one waits for the other", async (t) => {
    const url = await installed(t);
    const [ask, other] = [await connected(t, url), await connected(t, url)];
    await ask(
      `SELECT hasura_migrate.enter('{"run":"run","version":1,"name":"a","checksum":"c","direction":"up","generation":0,"own_generation":false,"synced":0,"outside":true,"all_settings":false}')`,
    );
    await other("BEGIN");
    await other("SELECT FROM hasura_migrate.head FOR UPDATE");
    const left = ask("SELECT hasura_migrate.leave('run', 1)").catch((error: unknown) => error);
    // Not in the transaction of `other`, which would see the same activity again and again.
    const waits =
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%leave%' AND datname = current_database() AND pid <> pg_backend_pid()";
    while ((await query(url, waits)).length === 0);
    await other(recordSql(1, "marked applied"));
    await other("COMMIT");
    assert.match(String(await left), /rolled back its own transaction/);
    assert.deepEqual([...(await wholeOf(ask)).applied.keys()], ["1"]);
  });

  const changing: readonly [string, (version: number) => string][] = [
    ["by runs", (version) => recordSql(version, "marked applied")],
    [
      "by hand",
      (version) =>
        `INSERT INTO hasura_migrate.migration (version, name, generation) VALUES (${String(version)}, 'a', 1)`,
    ],
  ];
  for (const [how, change] of changing)
    test(`a restored database that has advanced, ${how}, to the same number is read as a whole; a snapshot from before the copy is still continued`, async (t) => {
      const url = await installed(t);
      await query(url, change(1));
      const before = await wholeOf(once(url));
      const copy = once(await restored(t, url));
      await query(url, change(2));
      const after = await wholeOf(once(url));
      await copy(change(3));
      const whole = await wholeOf(copy);
      assert.equal(whole.position?.change, after.position?.change);
      const [fromAfter, fromBefore] = [await sinceOf(copy, after), await sinceOf(copy, before)];
      assert.deepEqual([fromAfter.isContinued, fromBefore.isContinued], [false, true]);
      assert.deepEqual(content(fromAfter.snapshot), content(whole));
      assert.deepEqual(content(fromBefore.snapshot), content(whole));
      // The other one goes on past it, too.
      await copy(change(4));
      const later = await sinceOf(copy, after);
      assert.deepEqual(
        [[...later.snapshot.applied.keys()], later.isContinued],
        [["1", "3", "4"], false],
      );
    });

  test("a ledger that was dropped and created again is read as a whole", async (t) => {
    const ask = once(await installed(t));
    const empty = await wholeOf(ask);
    await ask(recordSql(1, "marked applied"));
    const kept = await wholeOf(ask);
    await ask("DROP SCHEMA hasura_migrate CASCADE");
    await ask(installationSql);
    for (const before of [empty, kept]) {
      const { snapshot, isContinued } = await sinceOf(ask, before);
      assert.deepEqual([snapshot.applied.size, isContinued], [0, false]);
    }
  });

  const byHand: readonly [string, string, boolean][] = [
    ["a record", "DELETE FROM hasura_migrate.migration WHERE version = 1", true],
    ["a version", "UPDATE hasura_migrate.migration SET version = 9 WHERE version = 1", true],
    ["a checksum", "UPDATE hasura_migrate.migration SET checksum = 'x' WHERE version = 1", true],
    ["a past step", "DELETE FROM hasura_migrate.step WHERE version = 2", true],
    ["all records", "TRUNCATE hasura_migrate.migration", false],
    ["all past steps", "TRUNCATE hasura_migrate.step", false],
    [
      "a record, and what was noted of it",
      "DELETE FROM hasura_migrate.migration WHERE version = 1; DELETE FROM hasura_migrate.change WHERE number = (SELECT change FROM hasura_migrate.head); UPDATE hasura_migrate.migration SET checksum = 'x' WHERE version = 3",
      false,
    ],
    [
      "a record, with a setting of another transaction,",
      "SET hasura_migrate.change = '1 1 x'; DELETE FROM hasura_migrate.migration WHERE version = 1",
      true,
    ],
    [
      "a record, as a replica does,",
      "BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM hasura_migrate.migration WHERE version = 1; COMMIT",
      true,
    ],
  ];
  for (const [what, sql, isKnown] of byHand)
    test(`${what} changed by hand: the change is detected`, async (t) => {
      const ask = await connected(t, await installed(t));
      await ask(recordSql(1, "marked applied"));
      await ask(recordSql(2, "marked pending"));
      await ask(recordSql(3, "marked applied"));
      const kept = await wholeOf(ask);
      await ask(sql);
      const { snapshot, isContinued } = await compare(ask, kept);
      assert.notDeepEqual(content(snapshot), content(kept));
      assert.equal(isContinued, isKnown);
    });

  test("a version marked as pending that was not applied: when it was removed is seen", async (t) => {
    const ask = await connected(t, await installed(t));
    const kept = await wholeOf(ask);
    await ask(recordSql(1, "marked pending"));
    assert.deepEqual([...(await compare(ask, kept)).snapshot.gone], [["1", 1n]]);
  });

  test("after a change of the actor of a run, the whole is read", async (t) => {
    const ask = once(await installed(t));
    const kept = await wholeOf(ask);
    await ask("UPDATE hasura_migrate.run SET seen_at = now()");
    assert.equal((await sinceOf(ask, kept)).isContinued, true);
    await ask(`UPDATE hasura_migrate.run SET actor = '{"user":"bob","host":"laptop"}'`);
    assert.equal((await sinceOf(ask, kept)).isContinued, false);
  });
});
