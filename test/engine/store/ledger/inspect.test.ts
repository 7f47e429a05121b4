import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { schemaVersion } from "../../../../src/engine/store/ledger/constants.ts";
import { inspectLedger } from "../../../../src/engine/store/ledger/inspect.ts";
import { installationSql } from "../../../../src/engine/store/ledger/sql/installation.ts";
import { query } from "../../../support/postgres.ts";
import { ledgerBench, type LedgerBench } from "../../support/ledger-bench.ts";

const inspect = (it: LedgerBench, kind: "postgres" | "mssql" = "postgres") =>
  inspectLedger({
    database: { name: "default", kind },
    configVersion: 3,
    environment: "dev-1",
    hasura: it.hasura,
  });

describe("examining a ledger", () => {
  test("changes nothing if there is none, and reports that apply creates it", async (t) => {
    const it = await ledgerBench(t);
    const found = await inspect(it);
    assert.match(found.server ?? "", /^PostgreSQL 1\d.*, database user \w+$/);
    assert.match(found.ledger, /^no ledger yet/);
    assert.deepEqual([found.warning, found.failure], [undefined, undefined]);
    const [row] = await query(it.url, "SELECT to_regnamespace('hasura_migrate') AS made");
    assert.equal(row?.["made"], null);
  });

  test("names its version, and one that is old or too new", async (t) => {
    const it = await ledgerBench(t);
    await query(it.url, installationSql);
    assert.equal((await inspect(it)).ledger, `ledger version ${String(schemaVersion)}`);
    await query(it.url, "UPDATE hasura_migrate.head SET schema_version = 2");
    assert.match((await inspect(it)).ledger, /^ledger version 2; the next apply upgrades/);
    await query(it.url, "UPDATE hasura_migrate.head SET schema_version = 99");
    assert.equal((await inspect(it)).failure?.code, "ledger-too-new");
  });

  test("refuses a schema of another role, even an empty one", async (t) => {
    const it = await ledgerBench(t);
    await query(it.url, "CREATE SCHEMA hasura_migrate AUTHORIZATION pg_database_owner");
    await query(it.url, "ALTER SCHEMA hasura_migrate OWNER TO pg_monitor");
    assert.equal((await inspect(it)).failure?.code, "ledger-owner");
  });

  test("gives the statement that lets the database user create it", async (t) => {
    const it = await ledgerBench(t);
    // Hasura's session gives up its privileges for good.
    const real = it.hasura;
    const lowly: LedgerBench = {
      ...it,
      hasura: {
        ...real,
        runSql: (request) =>
          real.runSql({ ...request, sql: `SET LOCAL ROLE pg_monitor; ${request.sql}` }),
      },
    };
    const { failure } = await inspect(lowly);
    assert.equal(failure?.code, "ledger-permission");
    assert.match(
      JSON.stringify(failure.hints),
      /CREATE SCHEMA hasura_migrate AUTHORIZATION \\"pg_monitor\\";/,
    );
  });

  test("sends no query to any other kind of database", async (t) => {
    const found = await inspect(await ledgerBench(t), "mssql");
    assert.deepEqual([found.server, found.warning], [undefined, true]);
  });
});
