import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, test } from "vitest";
import { freshDirectory } from "../support/postgres.ts";
import { newRequest, faultBench, type FaultBench } from "./support/bench.ts";
import { migrations } from "./support/migrations.ts";

const binary = process.env["HASURA_CLI_BINARY"] ?? "";
const skip = binary === "" ? "HASURA_CLI_BINARY does not name the official Hasura CLI" : false;

const state = (sql: string): string => `UPDATE hdb_catalog.hdb_version SET ${sql}`;
const codes = async (bench: FaultBench): Promise<string[]> => {
  const ran = await bench.run();
  return [
    ...ran.of("log").map((it) => it.code),
    ...(ran.failure ? [ran.failure.code] : await bench.problems(ran)),
  ];
};

// Each test has its own database and API.
describe.concurrent("back and forth", () => {
  test("the official CLI rolls back, applies, and finds our changes", async (t) => {
    if (skip !== false) t.skip(skip);

    const bench = await faultBench(t, migrations);
    const home = await freshDirectory(t);
    const hasura = async (line: string): Promise<void> => {
      const server = [
        "--endpoint",
        bench.hasuraUrl,
        "--admin-secret",
        "test-admin-secret",
        "--skip-update-check",
        "--project",
        bench.root,
      ];
      await promisify(execFile)(binary, [...line.split(" "), ...server], {
        env: { PATH: process.env["PATH"], HOME: home },
        cwd: bench.root,
      });
    };
    await hasura("migrate apply --database-name default --up 2");
    assert.deepEqual(await codes(bench), ["adopted"]);
    await hasura("migrate apply --database-name default --down 1");
    assert.deepEqual(await codes(bench), ["rolled-back-elsewhere"]);
    await bench.run(newRequest("down", { steps: 1 }));
    await hasura("migrate apply --database-name default");
    assert.deepEqual(await codes(bench), ["adopted"]);
  });

  test("the catalog state is emptied, and the metadata database swapped: nothing is run twice", async (t) => {
    const bench = await faultBench(t, migrations);
    assert.deepEqual(await codes(bench), []);
    await bench.database.query(state("cli_state = '{}'"));
    assert.deepEqual(await codes(bench), ["catalog-lost"]);
    await bench.database.query(
      state(
        `cli_state = '{"migrations":{"default":{"1":false}}}', hasura_uuid = gen_random_uuid()`,
      ),
    );
    assert.deepEqual(await codes(bench), ["catalog-lost"]);
  });

  test("a flag that another tool left dirty: cleared if the ledger has the version, otherwise a stop", async (t) => {
    const bench = await faultBench(t, migrations);
    await bench.run();
    await bench.database.query(
      state(`cli_state = jsonb_set(cli_state::jsonb, '{migrations,default,4}', 'true')`),
    );
    assert.deepEqual(await codes(bench), []);
    assert.deepEqual(
      await bench.database.texts(
        "SELECT cli_state::jsonb #>> '{migrations,default,4}' FROM hdb_catalog.hdb_version",
      ),
      ["false"],
    );
    await bench.database.query(
      state(`cli_state = jsonb_set(cli_state::jsonb, '{migrations,default,5}', 'true')`),
    );
    const ran = await bench.run();
    assert.equal(ran.failure?.kind, "migration");
  });

  test("a source database restored from an older copy: a stop that names the versions, which mark resolves", async (t) => {
    const bench = await faultBench(t, migrations);
    await bench.run(newRequest("apply", { steps: 3 }));
    const tables = ["head", "migration", "step"].map((name) => `hasura_migrate.${name}`);
    for (const name of tables)
      await bench.database.query(`CREATE TABLE ${name}_copy AS SELECT * FROM ${name}`);
    await bench.run();
    await bench.database.query(
      `DROP VIEW named; DELETE FROM done WHERE v = 4; TRUNCATE ${tables.join(", ")}`,
    );
    for (const name of tables)
      await bench.database.query(`INSERT INTO ${name} SELECT * FROM ${name}_copy`);
    const stopped = await bench.run();
    assert.deepEqual(
      [stopped.failure?.code, stopped.failure?.message.includes("4")],
      ["database-restored", true],
    );
    const marked = await bench.run(newRequest("mark", { versions: ["4"], as: "pending" }));
    assert.equal(marked.failure, undefined, marked.failure?.message);
    assert.deepEqual(await codes(bench), []);
  });
});
