import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import type { Ran } from "../e2e/support/cli.ts";
import { firstOf } from "./support/migrations.ts";
import { scale } from "./support/scale.ts";
import { taskBench, type TaskBench } from "./support/task-bench.ts";

const three = firstOf(3);
/** More requests than a run of three migrations makes, with those of the lookups. */
const requests = 30;

/** Puts a statement before the file of version 2. */
function before2(bench: TaskBench, statement: string): void {
  const file = join(bench.root, "migrations/default/2_names/up.sql");
  writeFileSync(file, `${statement};\n${three["2_names"] ?? ""}`);
}

/** Holds the file of version 2 back until this is called, whenever that is. */
async function holdBack2(bench: TaskBench): Promise<() => Promise<void>> {
  before2(
    bench,
    "DO $$ BEGIN WHILE NOT pg_try_advisory_xact_lock(2) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$",
  );
  await bench.database.query("SELECT pg_advisory_lock(2)");
  return async () => {
    await bench.database.query("SELECT pg_advisory_unlock(2)");
  };
}

/** Versions that were reported as applied. */
const applied = ({ stdout }: Ran): string[] =>
  [...stdout.matchAll(/"type":"migration.applied","database":"default","version":"(\d+)"/g)].map(
    ([, version]) => String(version),
  );

describe.concurrent("a run in an ECS task", () => {
  test("whose task is killed at any of its requests: the client says so, and after one plain re-run every migration is applied once", async (t) => {
    const bench = await taskBench(t, three);
    const wrong: string[] = [];
    const codes = new Set<number | null>();
    let kills = 0;
    for (let at = 0; at < requests; at += scale.killStep * 2) {
      await bench.database.reset(false);
      const seen = { requests: 0 };
      bench.network.expect(() => {
        if (bench.tasks().length === 0) return undefined;
        if (seen.requests++ === at) kills += bench.signal("SIGKILL");
        return undefined;
      });
      const ran = await (await bench.apply()).ended;
      await bench.endFaults();
      codes.add(ran.code);
      const ledger = (await bench.database.facts()).ledger;
      const say = (text: string): string => `killed at request ${String(at)}: ${text}`;
      wrong.push(
        ...(ran.code === 0 || ran.code === 4
          ? []
          : [say(`exit ${String(ran.code)} ${ran.stdout}`)]),
        ...(ran.code === 0 && ledger.length !== 3 ? [say("it claims to have finished")] : []),
        ...applied(ran).flatMap((version) =>
          ledger.includes(version) ? [] : [say(`${version} is reported and not there`)],
        ),
        ...(await bench.problems(await bench.run())).map(say),
      );
    }
    assert.deepEqual(wrong, []);
    assert.ok(kills > 1);
    assert.ok(codes.has(4));
  });

  test("whose client is killed goes on by itself, and is found in the history", async (t) => {
    const bench = await taskBench(t, three);
    const client = await bench.apply();
    await client.shows(/"plan"/);
    while (bench.starts() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    client.child.kill("SIGKILL");
    await client.ended;
    await bench.tasksEnded();
    await bench.endFaults();
    assert.deepEqual(await bench.databaseProblems(), []);
    const again = await (await bench.apply()).ended;
    assert.equal(again.code, 0, again.stdout);
    assert.deepEqual(await bench.databaseProblems(), []);
  });

  test("whose start is answered only at the third time runs once", async (t) => {
    const bench = await taskBench(t, three);
    bench.loseStarts(2);
    const ran = await (await bench.apply()).ended;
    assert.equal(ran.code, 0, ran.stdout);
    assert.deepEqual([bench.starts(), bench.begun()], [3, 1]);
    const runs = await bench.database.texts(
      "SELECT cardinality(request_ids)::text FROM hasura_migrate.run",
    );
    assert.deepEqual(runs, ["1"]);
    assert.deepEqual(applied(ran), ["1", "2", "3"]);
    assert.deepEqual(await bench.databaseProblems(), []);
  });

  test("whose start is never answered is found in the ledger, and runs once", async (t) => {
    const bench = await taskBench(t, three);
    bench.loseStarts(100);
    const ran = await (await bench.apply()).ended;
    assert.equal(ran.code, 0, ran.stdout);
    assert.deepEqual([bench.starts(), bench.begun()], [6, 1]);
    assert.deepEqual(await bench.databaseProblems(), []);
  });

  test("ends after the current migration at Ctrl-C", async (t) => {
    const bench = await taskBench(t, three);
    const release = await holdBack2(bench);
    const client = await bench.apply();
    await client.shows(/"migration.started","database":"default","version":"2"/);
    client.child.kill("SIGINT");
    const asked = "SELECT FROM hasura_migrate.run WHERE cancel_asked";
    while ((await bench.database.query(asked)).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await release();
    const ran = await client.ended;
    assert.equal(ran.code, 130, ran.stdout + ran.stderr);
    assert.deepEqual(applied(ran), ["1", "2"]);
    assert.deepEqual(await bench.problems(await bench.run()), []);
  });

  test("that is cancelled before its task has begun starts no migration", async (t) => {
    const bench = await taskBench(t, three);
    const client = await bench.apply();
    await client.shows(/"plan"/);
    client.child.kill("SIGINT");
    const ran = await client.ended;
    // The task may be faster than the request to stop it.
    assert.ok(ran.code === 130 || ran.code === 0, ran.stdout + ran.stderr);
    await bench.endFaults();
    assert.deepEqual((await bench.database.facts()).ledger, applied(ran));
    assert.deepEqual(await bench.problems(await bench.run()), []);
  });

  test("whose task is asked to end pauses after the current migration, and is continued in another task", async (t) => {
    const bench = await taskBench(t, three, { HASURA_MIGRATE_STOP_TIMEOUT: "120" });
    const release = await holdBack2(bench);
    const client = await bench.apply();
    await client.shows(/"migration.started","database":"default","version":"2"/);
    assert.equal(bench.signal("SIGTERM"), 1);
    await release();
    const ran = await client.ended;
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    assert.equal(bench.starts(), 2);
    assert.deepEqual(applied(ran), ["1", "2", "3"]);
    assert.deepEqual(await bench.databaseProblems(), []);
  });

  test("whose task is asked to end during a long statement rolls it back in time", async (t) => {
    const bench = await taskBench(t, three, { HASURA_MIGRATE_STOP_TIMEOUT: "10" });
    before2(bench, "SELECT pg_sleep(600)");
    const client = await bench.apply();
    await client.shows(/"migration.started","database":"default","version":"2"/);
    bench.signal("SIGTERM");
    const ran = await client.ended;
    assert.equal(ran.code, 4, ran.stdout + ran.stderr);
    assert.match(ran.stdout, /"code":"deadline"/);
    assert.match(ran.stdout, /it was rolled back completely/);
    const { ledger, torn } = await bench.database.facts();
    assert.deepEqual([ledger, torn], [["1"], []]);
  });

  test("that fails has the same exit code and the same details as in the function", async (t) => {
    const bench = await taskBench(t, three);
    before2(bench, "ALTER TABLE nowhere ADD x int");
    const ran = await (await bench.apply()).ended;
    assert.equal(ran.code, 1, ran.stdout);
    assert.match(ran.stdout, /"type":"migration.failed".*"sqlstate":"42P01"/);
    assert.deepEqual((await bench.database.facts()).ledger, ["1"]);
  });
});
