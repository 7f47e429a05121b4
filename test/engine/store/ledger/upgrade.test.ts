import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { schemaVersion } from "../../../../src/engine/store/ledger/constants.ts";
import { installationSql } from "../../../../src/engine/store/ledger/sql/installation.ts";
import { query } from "../../../support/postgres.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import { planned, row, seedBench } from "../../support/seed-bench.ts";

/** Installs a ledger of version 2 and applies a migration 1 with it, as that version did. */
const version2 = readFileSync(
  new URL("../../../fixtures/ledger-schema-2.sql", import.meta.url),
  "utf8",
);
const version3 = readFileSync(
  new URL("../../../fixtures/ledger-schema-3.sql", import.meta.url),
  "utf8",
);
const version5 = readFileSync(
  new URL("../../../fixtures/ledger-schema-5.sql", import.meta.url),
  "utf8",
);
const appliedWithVersion2 = `
  SELECT hasura_migrate.begin_run('older', 'apply', '{"user":"ada","host":"laptop"}', 'r', NULL, '{}', 1000);
  SELECT hasura_migrate.enter('older', 1, 'a', 'sum', 'up', 0, false, 0, NULL, false, false);
  CREATE TABLE a (id int);
  SELECT hasura_migrate.leave('older', 1);
  SELECT hasura_migrate.end_run('older', 'finished', 1, NULL, NULL);`;

/** Makes a ledger that has just been created one of version 4. */
const asVersion4 = `
  ALTER TABLE hasura_migrate.step DROP CONSTRAINT step_what_check;
  ALTER TABLE hasura_migrate.step ADD CONSTRAINT step_what_check CHECK (
    what IN ('up', 'down', 'marked applied', 'marked pending', 'adopted', 'forgotten'));
  UPDATE hasura_migrate.head SET schema_version = 4;`;

/** Makes a ledger that has just been created one of version 5, which knows neither rehearsals nor metadata. */
const asVersion5 = `
  DROP FUNCTION hasura_migrate.label_of_rehearsal(integer);
  DROP FUNCTION hasura_migrate.begin_metadata, hasura_migrate.end_metadata, hasura_migrate.forget_metadata,
    hasura_migrate.prune_metadata;
  DROP TABLE hasura_migrate.metadata_change, hasura_migrate.metadata_document;
  UPDATE hasura_migrate.head SET schema_version = 5;`;

const files = { "1_a/up": "SELECT 1/0;", "2_b/up": "CREATE TABLE b (id int);" };

async function withVersion2(it: LedgerBench): Promise<void> {
  await query(it.url, version2);
  await query(it.url, appliedWithVersion2);
}

async function schemaVersions(it: LedgerBench): Promise<unknown[]> {
  return (await query(it.url, "SELECT schema_version FROM hasura_migrate.head")).map(
    (row) => row["schema_version"],
  );
}

/** Every function, column, check and trigger of the ledger, with its signature. */
async function shape(it: LedgerBench): Promise<string[]> {
  const rows = await query(
    it.url,
    `SELECT p.oid::regprocedure || ' ' || pg_get_function_arguments(p.oid) || ' ' || md5(p.prosrc) AS it
     FROM pg_proc AS p WHERE p.pronamespace = 'hasura_migrate'::regnamespace
     UNION ALL
     SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
     FROM information_schema.columns WHERE table_schema = 'hasura_migrate'
     UNION ALL
     SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
     FROM pg_constraint WHERE connamespace = 'hasura_migrate'::regnamespace AND contype = 'c'
     UNION ALL
     SELECT concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
     FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'hasura_migrate'::regnamespace
     ORDER BY 1`,
  );
  return rows.map((row) => String(row["it"]));
}

describe("upgrade", () => {
  test("a ledger of version 2 is upgraded by the first run, and keeps its records", async (t) => {
    const it = await ledgerBench(t);
    await withVersion2(it);
    const ran = await it.run(files);
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(versions(ran), ["2"]);
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    assert.deepEqual(await schemaVersions(it), [schemaVersion]);
    const history = await it.run(files, asked("history"));
    const runs = history.of("history").flatMap((event) => event.runs);
    assert.deepEqual(
      runs.flatMap((row) => row.migrations.map(({ version, change }) => `${version} ${change}`)),
      ["2 up", "1 up"],
    );
  });

  test("an upgraded ledger has the same functions and columns as a new one", async (t) => {
    const upgraded = await ledgerBench(t);
    await withVersion2(upgraded);
    await upgraded.run(files);
    const created = await ledgerBench(t);
    await created.run({ "1_a/up": "SELECT 1;" });
    const expected = await shape(created);
    assert.deepEqual(await shape(upgraded), expected);
    assert.ok(expected.some((line) => line.startsWith("hasura_migrate.enter(jsonb)")));
  });

  test("a ledger of version 3 is upgraded to the same", async (t) => {
    const upgraded = await ledgerBench(t);
    await query(upgraded.url, version3);
    await query(
      upgraded.url,
      `SELECT hasura_migrate.record('older', 0, 0, '[{"what":"marked applied","version":1,"name":"a"}]')`,
    );
    await upgraded.run(files);
    assert.deepEqual(await upgraded.ledger(), ["1", "2"]);
    const created = await ledgerBench(t);
    await created.run({ "1_a/up": "SELECT 1;" });
    assert.deepEqual(await shape(upgraded), await shape(created));
  });

  test("a ledger of version 4, which knows no squash, is upgraded and records one", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ "1_a/up": "SELECT 1;" });
    const expected = await shape(it);
    await query(it.url, asVersion4);
    await it.run({
      "2_all/up": "-- hasura-migrate: squashes 1\nSELECT 1/0;",
    });
    assert.deepEqual(await it.ledger(), ["2"]);
    assert.deepEqual(await shape(it), expected);
    assert.deepEqual(await schemaVersions(it), [schemaVersion]);
  });

  test("a ledger of version 5, which knows neither rehearsals nor metadata, is upgraded to the same", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ "1_a/up": "SELECT 1;" });
    const expected = await shape(it);
    await query(it.url, asVersion5);
    await it.run({ ...files, "1_a/up": "SELECT 1;" });
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    assert.deepEqual(await shape(it), expected);
    assert.deepEqual(await schemaVersions(it), [schemaVersion]);
  });

  test("a ledger of version 5, which knows no seeds, is read as it is, and upgraded by the first run of a seed", async (t) => {
    const it = await seedBench(t);
    await query(it.url, version5);
    await query(
      it.url,
      `SELECT hasura_migrate.record('older', 0, 0, '[{"what":"marked applied","version":1,"name":"a"}]')`,
    );
    const files = { "default/01_a.sql": row("a") };
    const shown = await it.seed(files, { dryRun: true });
    assert.deepEqual(
      planned(shown).map(({ state }) => state),
      ["pending"],
    );
    assert.deepEqual(await schemaVersions(it), [5]);
    const ran = await it.seed(files);
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(await it.recorded(), ["01_a.sql"]);
    assert.deepEqual(await it.ledger(), ["1"]);
    const created = await ledgerBench(t);
    await created.run({ "1_a/up": "SELECT 1;" });
    assert.deepEqual(await shape(it), await shape(created));
    assert.deepEqual(await schemaVersions(it), [schemaVersion]);
  });

  test("status reads a ledger of version 2 without changing it", async (t) => {
    const it = await ledgerBench(t);
    await withVersion2(it);
    const ran = await it.run(files, asked("status"));
    const states = ran
      .of("status")
      .flatMap((event) => event.databases.flatMap((database) => database.migrations))
      .map(({ version, state }) => `${version} ${state}`);
    assert.deepEqual(states, ["1 changed", "2 pending"]);
    assert.deepEqual(await schemaVersions(it), [2]);
  });

  test("an installation can be repeated on a ledger in use", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ "1_a/up": "SELECT 1;" });
    const before = await shape(it);
    await query(it.url, installationSql);
    assert.deepEqual(await shape(it), before);
    assert.deepEqual(await it.ledger(), ["1"]);
  });

  test("the installation has a value for every constant", () => {
    assert.doesNotMatch(installationSql, /\$\{/);
  });
});
