import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test, type TestContext } from "vitest";
import { installationSql } from "../../../../src/engine/store/ledger/sql/installation.ts";
import { query } from "../../../support/postgres.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import { projectOnDisk } from "../../support/run.ts";
import { seedProject } from "../../support/seed-bench.ts";
import { projectSeeds } from "../../../../src/engine/project/seeds.ts";

const files = { "1_a/up": "CREATE TABLE a (id int)", "1_a/down": "DROP TABLE a" };

/** Every operation that reads or writes the ledger. */
const requests: readonly [string, object][] = [
  ["status", {}],
  ["plan", {}],
  ["apply", {}],
  ["apply", { dryRun: true }],
  ["down", { steps: 1 }],
  ["redo", {}],
  ["reset-to", {}],
  ["seed", {}],
  ["seed", { dryRun: true }],
  ["mark", { versions: ["1"], as: "applied" }],
  ["history", {}],
  ["cancel", {}],
];

/** A role for one test; what it owns goes with it. */
async function role(t: TestContext, it: LedgerBench, attributes = ""): Promise<string> {
  const name = `lowly_${randomUUID().replaceAll("-", "")}`;
  await query(it.url, `CREATE ROLE ${name} ${attributes}`);
  t.onTestFinished(async () => {
    await query(
      it.url,
      `RESET ROLE; REASSIGN OWNED BY ${name} TO CURRENT_USER; DROP OWNED BY ${name}; DROP ROLE ${name}`,
    );
  });
  return name;
}

/** Makes a function of the ledger leave a mark that a rollback keeps. */
async function booby(it: LedgerBench, signature: string): Promise<void> {
  await query(it.url, "CREATE SEQUENCE IF NOT EXISTS public.called");
  await query(
    it.url,
    `CREATE OR REPLACE FUNCTION hasura_migrate.${signature} RETURNS text LANGUAGE plpgsql
       AS $f$ BEGIN RETURN pg_catalog.nextval('public.called'); END $f$`,
  );
}

async function assertRefused(
  t: TestContext,
  it: LedgerBench,
  part: RegExp,
  owner: string,
): Promise<void> {
  const root = await projectOnDisk(t, seedProject({ "default/1.sql": "SELECT 1;" }));
  const seeds = { projectSeeds: () => projectSeeds({ root, configVersion: 3 }) };
  for (const [operation, options] of requests) {
    const { failure } = await it.run(files, asked(operation, options), seeds);
    assert.deepEqual([failure?.kind, failure?.code], ["usage", "ledger-owner"], operation);
    assert.match(failure?.message ?? "", part);
    assert.ok(failure?.message.includes(owner), failure?.message);
  }
  assert.deepEqual(await query(it.url, "SELECT is_called FROM public.called"), [
    { is_called: false },
  ]);
}

describe("ownership of the ledger", () => {
  test("a schema of another role is refused by name before any of its functions is called", async (t) => {
    const it = await ledgerBench(t);
    const lowly = await role(t, it);
    await query(it.url, installationSql);
    await booby(it, "snapshot(p_run text, p_live_ms double precision)");
    await query(it.url, `ALTER SCHEMA hasura_migrate OWNER TO ${lowly}`);
    await assertRefused(t, it, /the schema hasura_migrate belongs to/, lowly);
  });

  test("an empty schema of another role is refused, and nothing is created in it", async (t) => {
    const it = await ledgerBench(t);
    const lowly = await role(t, it);
    await query(it.url, "CREATE SEQUENCE public.called");
    await query(it.url, `CREATE SCHEMA hasura_migrate AUTHORIZATION ${lowly}`);
    await assertRefused(t, it, /the schema hasura_migrate belongs to/, lowly);
    const [row] = await query(
      it.url,
      "SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'hasura_migrate'::regnamespace",
    );
    assert.equal(row?.["n"], 0);
  });

  test("an overload that another role has put into our schema is refused", async (t) => {
    const it = await ledgerBench(t);
    const lowly = await role(t, it);
    await query(it.url, installationSql);
    await booby(it, "snapshot(p_run unknown, p_live_ms integer)".replace("unknown", "text"));
    await query(it.url, `ALTER FUNCTION hasura_migrate.snapshot(text, integer) OWNER TO ${lowly}`);
    await assertRefused(t, it, /the function hasura_migrate\.snapshot belongs to/, lowly);
  });

  test("any table of another role in our schema is refused", async (t) => {
    const it = await ledgerBench(t);
    const lowly = await role(t, it);
    await query(it.url, installationSql);
    await query(it.url, "CREATE SEQUENCE public.called");
    const tables = await query(
      it.url,
      "SELECT relname, pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relkind = 'r' AND relnamespace = 'hasura_migrate'::regnamespace",
    );
    const names = tables.map(({ relname }) => String(relname));
    assert.ok(names.includes("step") && names.includes("seed"), names.join());
    for (const name of names) {
      await query(it.url, `ALTER TABLE hasura_migrate.${name} OWNER TO ${lowly}`);
      await assertRefused(t, it, new RegExp(`the table hasura_migrate\\.${name} `), lowly);
      await query(
        it.url,
        `ALTER TABLE hasura_migrate.${name} OWNER TO "${String(tables[0]?.["owner"])}"`,
      );
    }
  });

  test("a role that the database user is a member of may own the ledger", async (t) => {
    const it = await ledgerBench(t);
    const group = await role(t, it);
    await query(it.url, installationSql);
    await query(
      it.url,
      `GRANT ${group} TO CURRENT_USER; ALTER SCHEMA hasura_migrate OWNER TO ${group}`,
    );
    const ran = await it.run(files);
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["1"]]);
  });
});
