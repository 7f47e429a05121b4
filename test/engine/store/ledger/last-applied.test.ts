import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { query } from "../../../support/postgres.ts";
import { asked, ledgerBench } from "../../support/ledger-bench.ts";
import type { Ran } from "../../support/run.ts";

const migration = (name: string, up: string, down: string): Record<string, string> => ({
  [`${name}/up`]: up,
  [`${name}/down`]: down,
});
const note = migration("1_note", "CREATE TABLE note (id int)", "DROP TABLE note");
const wip = migration("9_wip", "CREATE TABLE wip (id int)", "DROP TABLE wip");
const broken = migration("9_wip", "CREATE TABLE wip (id numerc)", "DROP TABLE wip");

const planned = (ran: Ran): string[] =>
  ran
    .of("plan")
    .flatMap(({ databases }) => databases)
    .flatMap(({ items }) => items)
    .map(({ direction, version }) => `${direction} ${version}`);

describe("last applied", () => {
  test("down and redo take what was applied last, and name who applied it", async (t) => {
    const bench = await ledgerBench(t);
    await bench.run(wip);
    await bench.run({ ...note, ...wip });
    const shown = await bench.run({ ...note, ...wip }, asked("down", { dryRun: true }));
    const item = shown.of("plan")[0]?.databases[0]?.items[0];
    assert.deepEqual([item?.version, item?.appliedBy], ["1", "ada"]);
    assert.ok(item?.appliedAt !== undefined);
    const redo = await bench.run({ ...note, ...wip }, asked("redo"));
    assert.deepEqual(planned(redo), ["down 1", "up 1"]);
    await bench.run({ ...note, ...wip }, asked("down"));
    assert.deepEqual(await bench.ledger(), ["9"]);
  });

  test("after a redo that failed half-way, redo applies its migration, and touches no other", async (t) => {
    const bench = await ledgerBench(t);
    await bench.run(note);
    await bench.run({ ...note, ...wip });
    const failed = await bench.run({ ...note, ...broken }, asked("redo"));
    assert.equal(failed.failure?.code, "sql-failed");
    assert.deepEqual(await bench.ledger(), ["1"]);
    const again = await bench.run({ ...note, ...wip }, asked("redo"));
    assert.deepEqual(planned(again), ["up 9"]);
    assert.deepEqual(await bench.ledger(), ["1", "9"]);
    await bench.run({ ...note, ...wip }, asked("down"));
    const other = await bench.run({ ...note, ...wip }, asked("redo"));
    assert.deepEqual(planned(other), ["down 1", "up 1"], "a plain down leaves nothing to redo");
  });

  test("a version in doubt is shown with the objects of its file that exist in the database", async (t) => {
    const bench = await ledgerBench(t);
    const both = {
      ...migration(
        "1_note",
        'CREATE TABLE note (id int); CREATE INDEX "Note by id" ON note (id); ALTER TABLE note ADD body text',
        "DROP TABLE note",
      ),
      ...wip,
    };
    await bench.run(both);
    // As after dropping the schema by hand: Hasura's state is ahead of the new ledger.
    await query(
      bench.url,
      "DROP SCHEMA hasura_migrate CASCADE; DROP TABLE wip; ALTER TABLE note DROP body",
    );
    const refused = await bench.run(both);
    assert.equal(refused.failure?.code, "database-restored");
    const options = { inDoubt: true, as: "applied" };
    const shown = await bench.run(both, asked("mark", { ...options, dryRun: true }));
    assert.deepEqual(
      shown
        .of("status")
        .flatMap(({ databases }) => databases)
        .flatMap(({ migrations }) => migrations)
        .map(({ version, evidence }) => [version, evidence]),
      [
        [
          "1",
          [
            { object: "table note", exists: true },
            { object: "index Note by id", exists: true },
            { object: "column note.body", exists: false },
          ],
        ],
        ["9", [{ object: "table wip", exists: false }]],
      ],
    );
    const expectedPlan = shown.of("status")[0]?.fingerprint;
    const marked = await bench.run(both, asked("mark", { ...options, expectedPlan }));
    assert.equal(marked.failure, undefined);
    assert.deepEqual(await bench.ledger(), ["1", "9"]);
    assert.deepEqual(planned(await bench.run(both)), []);
  });
});
