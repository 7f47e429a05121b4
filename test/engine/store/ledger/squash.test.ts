import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { catalogStore } from "../../../../src/engine/store/catalog/catalog-store.ts";
import { query } from "../../../support/postgres.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import type { Ran } from "../../support/run.ts";

const table = (version: string, name: string): Record<string, string> => ({
  [`${version}_${name}/up`]: `CREATE TABLE ${name} (id int)`,
  [`${version}_${name}/down`]: `DROP TABLE ${name}`,
});
const parts = { ...table("1", "a"), ...table("2", "b"), ...table("3", "c") };
const squash = {
  "4_all/up":
    "-- hasura-migrate: squashes 1 2\n-- hasura-migrate: squashes 3\nCREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int);",
  "4_all/down": "DROP TABLE c; DROP TABLE b; DROP TABLE a;",
};
const later = table("5", "later");

const tables = async (it: LedgerBench): Promise<string[]> =>
  (
    await query(
      it.url,
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
    )
  ).map(({ relname }) => String(relname));
const planned = (ran: Ran): unknown[] =>
  (ran.of("plan")[0]?.databases ?? [])
    .flatMap(({ items }) => items)
    .map(({ direction, version, replaces }) => [direction, version, replaces]);

describe("a squash", () => {
  test("replaces its parts if all are applied, in one transaction, and is not run", async (t) => {
    const it = await ledgerBench(t);
    await it.run(parts);
    const files = { ...squash, ...later };
    const shown = await it.run(files, asked("apply", { dryRun: true }));
    assert.deepEqual(planned(shown), [
      ["up", "4", ["1", "2", "3"]],
      ["up", "5", undefined],
    ]);
    const ran = await it.run(
      files,
      asked("apply", { expectedPlan: shown.of("plan")[0]?.fingerprint }),
    );
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.match(
      ran.of("migration.applied")[0]?.notices?.join() ?? "",
      /^recorded without running it, because the 3 versions that it squashes had been applied$/,
    );
    assert.deepEqual(
      [await it.ledger(), await it.catalog()],
      [
        ["4", "5"],
        ["4", "5"],
      ],
    );
    assert.deepEqual(await tables(it), ["a", "b", "c", "later"]);
    const history = await it.run(files, asked("history", { limit: 1 }));
    assert.deepEqual(
      history
        .of("history")[0]
        ?.runs[0]?.migrations.map(({ change, version, name }) => `${change} ${version} ${name}`),
      ["squashed 1 a", "squashed 2 b", "squashed 3 c", "marked applied 4 all", "up 5 later"],
    );
    const again = await it.run(files);
    assert.deepEqual([again.failure, versions(again)], [undefined, []]);
  });

  test("is run like any other migration if none is applied", async (t) => {
    const it = await ledgerBench(t);
    const ran = await it.run({ ...squash, ...later });
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["4", "5"]]);
    assert.deepEqual(await tables(it), ["a", "b", "c", "later"]);
  });

  test("is rolled back as a whole afterwards, even without a file", async (t) => {
    const it = await ledgerBench(t);
    await it.run(parts);
    await it.run(squash);
    const ran = await it.run(later, asked("down"));
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["4"]]);
    assert.deepEqual(await tables(it), []);
  });

  test("comes after steps of the same run that are not certain yet", async (t) => {
    const it = await ledgerBench(t);
    await it.run(parts);
    const early = table("0", "early");
    const ran = await it.run({ ...early, ...squash, ...later });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(versions(ran), ["0", "4", "5"]);
    assert.deepEqual(
      [await it.ledger(), await it.catalog()],
      [
        ["0", "4", "5"],
        ["0", "4", "5"],
      ],
    );
  });

  test("is refused if only some of its parts are applied, and lists the others", async (t) => {
    const it = await ledgerBench(t);
    await it.run(parts, asked("apply", { to: "2" }));
    for (const operation of ["apply", "plan"]) {
      const ran = await it.run(squash, asked(operation));
      assert.equal(ran.failure?.code, "partly-squashed");
      assert.match(
        ran.failure.message,
        /squashes 3 versions, of which 2 are applied .*: 3\. Nothing/,
      );
    }
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    const reset = await it.run(squash, asked("reset-to"));
    assert.equal(reset.failure, undefined, reset.failure?.message);
    assert.deepEqual(planned(reset), [
      ["down", "2", undefined],
      ["down", "1", undefined],
      ["up", "4", undefined],
    ]);
    assert.deepEqual(await tables(it), ["a", "b", "c"]);
  });

  test("is recorded by reset-to, which does not roll back its parts", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ ...parts, ...table("6", "branch") });
    const ran = await it.run(squash, asked("reset-to"));
    assert.deepEqual(planned(ran), [
      ["down", "6", undefined],
      ["up", "4", ["1", "2", "3"]],
    ]);
    assert.deepEqual(await it.ledger(), ["4"]);
    assert.deepEqual(await tables(it), ["a", "b", "c"]);
  });

  test("that was recorded with mark keeps reset-to from rolling back its parts", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ ...parts, ...table("6", "branch") });
    await it.run(squash, asked("mark", { versions: ["4"], as: "applied" }));
    const ran = await it.run(squash, asked("reset-to"));
    assert.deepEqual(
      ran.of("migration.applied").map(({ version, direction }) => `${direction} ${version}`),
      ["down 6"],
    );
    assert.deepEqual(await it.ledger(), ["1", "2", "3", "4"]);
  });

  test("is refused beside the files of its parts, whatever is applied", async (t) => {
    const it = await ledgerBench(t);
    for (const before of [{}, parts]) {
      if (Object.keys(before).length > 0) await it.run(before);
      const ran = await it.run({ ...table("2", "b"), ...squash });
      assert.equal(ran.failure?.code, "squash-beside-parts");
      assert.match(ran.failure.message, /files are still in the project: 2_b\./);
    }
  });

  test("keeps its parts from running a second time, from an image that still has them", async (t) => {
    const it = await ledgerBench(t);
    await it.run(parts);
    await it.run({ ...squash, ...later });
    for (const asking of [asked("apply"), asked("plan"), asked("redo", { version: "2" })]) {
      const ran = await it.run({ ...parts, ...later }, asking);
      assert.equal(ran.failure?.code, "already-squashed");
      assert.match(ran.failure.message, /is a part of version 4, which is applied/);
    }
    assert.deepEqual(await it.ledger(), ["4", "5"]);
    const reset = await it.run({ ...parts, ...later }, asked("reset-to"));
    assert.equal(reset.failure, undefined, reset.failure?.message);
    assert.deepEqual(versions(reset), ["4", "1", "2", "3"]);
    assert.deepEqual(await tables(it), ["a", "b", "c", "later"]);
  });

  test("lets its parts run once it is rolled back", async (t) => {
    const it = await ledgerBench(t);
    await it.run(parts);
    await it.run(squash);
    await it.run(squash, asked("down"));
    await it.run(later);
    const ran = await it.run({ ...parts, ...later });
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["1", "2", "3"]]);
  });

  test("does not take a part for applied that was not finished", async (t) => {
    const it = await ledgerBench(t);
    const openStore = { openStore: catalogStore };
    await it.run({ ...parts, ...later }, asked("apply"), openStore);
    await query(
      it.url,
      "UPDATE hdb_catalog.hdb_version SET cli_state = jsonb_set(cli_state::jsonb, '{migrations,default,2}', 'true')",
    );
    const ran = await it.run({ ...squash, ...later }, asked("apply"), openStore);
    assert.equal(ran.failure?.code, "partly-squashed");
    assert.match(ran.failure.message, /2 are applied in default and 1 are not: 2\. Nothing/);
  });

  test("is not recorded while somebody else rolls a part back", async (t) => {
    const it = await ledgerBench(t);
    await it.run(parts);
    const ran = await it.run({ ...table("0", "early"), ...squash }, asked("apply"), {
      emit: async ({ type }) => {
        // Between the plan and its first step.
        if (type !== "plan" || (await it.ledger()).length !== 3) return;
        await query(
          it.url,
          "DELETE FROM hasura_migrate.migration WHERE version = 3; UPDATE hasura_migrate.head SET generation = generation + 1; INSERT INTO hasura_migrate.step (generation, version, name, what) SELECT generation, 3, 'c', 'down' FROM hasura_migrate.head",
        );
      },
    });
    assert.equal(ran.failure?.code, "partly-squashed");
    assert.deepEqual(await it.ledger(), ["1", "2"]);
  });

  test("is recorded in Hasura's catalog state if there is no ledger", async (t) => {
    const it = await ledgerBench(t);
    const openStore = { openStore: catalogStore };
    await it.run(parts, asked("apply"), openStore);
    const ran = await it.run({ ...squash, ...later }, asked("apply"), openStore);
    assert.deepEqual([ran.failure, versions(ran)], [undefined, ["4", "5"]]);
    assert.deepEqual(await it.catalog(), ["4", "5"]);
    assert.deepEqual(await tables(it), ["a", "b", "c", "later"]);
  });
});
