import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError } from "../../src/engine/hasura/client.ts";
import {
  firstWithNoTransaction,
  isOlder,
  parseServerVersion,
} from "../../src/engine/hasura/server-version.ts";
import { readCliState, versionAt, writeCliState } from "./support/claim-server.ts";
import { applied, disturbed, testProject } from "./support/engine.ts";
import {
  client,
  holdLock,
  needsInternals,
  requests,
  server,
  untilWaitingFor,
} from "./support/server.ts";

const to = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
/** Everything ran once, in its order, in the transaction that recorded it, and both stores say so. */
const exactly = (numbers: number[]) => ({
  ran: numbers,
  ledger: numbers,
  catalog: numbers,
  torn: [],
});
const own = { database: server.source };

describe("the native engine with its ledger", () => {
  test("applies what is pending once and in order, applies it not again, and rolls it back", async (t) => {
    const project = await testProject(t);
    await project.write(to(12).map((n) => ({ n })));
    const first = await project.run("apply", own);
    assert.equal(first.failure, undefined);
    assert.deepEqual(applied(first), to(12));
    assert.equal(first.of("metadata.reloaded").length, 1);
    assert.deepEqual(await project.truth(), exactly(to(12)));

    const second = await project.run("apply", own);
    assert.deepEqual([second.failure, applied(second)], [undefined, []]);
    assert.deepEqual(await project.truth(), exactly(to(12)));

    const back = await project.run("down", { ...own, steps: 2 });
    assert.deepEqual(applied(back), [12, 11]);
    assert.deepEqual(await project.truth(), exactly(to(10)));
    const rest = await project.run("down", { ...own, all: true });
    assert.deepEqual(applied(rest), to(10).reverse());
    assert.deepEqual(await project.truth(), exactly([]));
  });

  test("stops at a file that fails, keeps nothing of it, and continues once it is fixed", async (t) => {
    const project = await testProject(t);
    await project.write(to(5).map((n) => ({ n, ...(n === 4 && { up: "SELECT 1/0;" }) })));
    const first = await project.run("apply", own);
    assert.deepEqual([first.failure?.kind, first.failure?.code], ["migration", "sql-failed"]);
    assert.deepEqual(applied(first), to(3));
    assert.deepEqual(await project.truth(), exactly(to(3)));
    if (!server.hidesInternals) assert.equal(first.failure?.sql?.sqlstate, "22012");

    await project.write([{ n: 4 }]);
    const second = await project.run("apply", own);
    assert.deepEqual([second.failure, applied(second)], [undefined, [4, 5]]);
    assert.deepEqual(await project.truth(), exactly(to(5)));
  });

  test("looks up the outcome of a migration in the ledger if its answer was lost", async (t) => {
    const project = await testProject(t);
    await project.write(to(5).map((n) => ({ n })));
    let lost = 0;
    const after = (sql: string): void => {
      if (lost > 0 || !sql.includes(`enter(`) || !sql.includes(versionAt(3))) return;
      lost += 1;
      throw new HasuraCallError("unknown", "the answer was lost");
    };
    const ran = await project.run("apply", own, { hasura: disturbed(client(t), { after }) });
    assert.deepEqual([ran.failure, lost], [undefined, 1]);
    assert.deepEqual(applied(ran), to(5));
    assert.deepEqual(await project.truth(), exactly(to(5)));
  });

  test("resumes after a run that lost Hasura in the middle", async (t) => {
    const project = await testProject(t);
    await project.write(to(6).map((n) => ({ n })));
    let gone = false;
    const before = (): void => {
      if (gone) throw new HasuraCallError("not-sent", "nobody listens");
    };
    const after = (sql: string): void => {
      gone ||= sql.includes("enter(") && sql.includes(versionAt(3));
      before();
    };
    const first = await project.run("apply", own, {
      hasura: disturbed(client(t), { before, after }),
      sleep: () => Promise.resolve(),
    });
    assert.notEqual(first.failure, undefined);
    const kept = (await project.truth()).ran;
    assert.ok(kept.includes(3), kept.join());

    const second = await project.run("apply", own, { liveMs: 1 });
    assert.equal(second.failure, undefined);
    assert.deepEqual(applied(second), to(6).slice(kept.length));
    assert.deepEqual(await project.truth(), exactly(to(6)));
  });

  test("rewrites what an older copy of the catalog state has lost, and runs nothing twice", async (t) => {
    const project = await testProject(t);
    await project.write(to(2).map((n) => ({ n })));
    await project.run("apply", own);
    const older = await readCliState(requests);
    await project.write([{ n: 3 }]);
    await project.run("apply", own);
    await writeCliState(requests, older);
    assert.deepEqual((await project.truth()).catalog, to(2));
    const ran = await project.run("apply", own);
    assert.deepEqual([ran.failure, applied(ran)], [undefined, []]);
    assert.deepEqual(await project.truth(), exactly(to(3)));
  });

  test("adopts what the official CLI has recorded, without running it", async (t) => {
    const project = await testProject(t);
    await project.write(to(2).map((n) => ({ n })));
    const state = await readCliState(requests);
    const migrations = { ...state.migrations, [server.source]: { [versionAt(1)]: false } };
    await writeCliState(requests, { ...state, migrations });
    const ran = await project.run("apply", own);
    assert.deepEqual([ran.failure, applied(ran)], [undefined, [2]]);
    const { ran: done, ledger, catalog } = await project.truth();
    assert.deepEqual({ done, ledger, catalog }, { done: [2], ledger: [1, 2], catalog: [1, 2] });
  });

  test("two runs at once apply each migration once", async (t) => {
    const project = await testProject(t);
    await project.write(to(8).map((n) => ({ n })));
    const runs = await Promise.all([project.run("apply", own), project.run("apply", own)]);
    assert.deepEqual(
      runs.map(({ failure }) => failure),
      [undefined, undefined],
    );
    assert.deepEqual(
      runs.flatMap(applied).sort((a, b) => a - b),
      to(8),
    );
    assert.deepEqual(await project.truth(), exactly(to(8)));
  });

  test("settings of a file affect neither the next one nor another user of the connection", async (t) => {
    const project = await testProject(t);
    const header = `SELECT pg_catalog.set_config('search_path', '', false);
      SET lock_timeout = '77s'; SET work_mem = '77MB';
      DO $$ BEGIN EXECUTE pg_catalog.format('SET ROLE %I', current_user); END $$;`;
    await project.write([{ n: 1, up: header }, { n: 2 }]);
    const ran = await project.run("apply", own);
    assert.deepEqual([ran.failure, applied(ran)], [undefined, [1, 2]]);
    const paths = await requests.rows(
      `SELECT n, search_path = current_setting('search_path') FROM ${project.schema}.trace ORDER BY n`,
    );
    assert.deepEqual(paths, [
      ["1", "t"],
      ["2", "t"],
    ]);
    for (let sent = 0; sent < 20; sent += 1) {
      const [row = []] = await requests.rows(
        `SELECT current_setting('search_path') <> '', current_setting('lock_timeout') <> '77s',
         current_setting('work_mem') <> '77MB', current_setting('role')`,
      );
      assert.deepEqual(row, ["t", "t", "t", "none"]);
    }
  });

  test("a file with its own COMMIT is reported, and one that stops half-way is not run again", async (t) => {
    const project = await testProject(t);
    await project.write([{ n: 1, up: "COMMIT;" }]);
    const first = await project.run("apply", own);
    assert.deepEqual([first.failure, applied(first)], [undefined, [1]]);
    assert.equal(first.of("migration.applied")[0]?.notices?.length, 1);

    await project.write([{ n: 2, up: "COMMIT; SELECT 1/0;" }]);
    const second = await project.run("apply", own);
    assert.notEqual(second.failure, undefined);
    const third = await project.run("apply", own, { liveMs: 1 });
    assert.equal(third.failure?.code, "interrupted");
    assert.deepEqual((await project.truth()).ran, [1, 2]);
  });

  test("a file outside a transaction runs, and is recorded", async (t) => {
    const version = parseServerVersion(server.version);
    t.skip(
      version !== undefined && isOlder(version, firstWithNoTransaction),
      `no_transaction exists since ${firstWithNoTransaction.join(".")}; this server is ${server.version}`,
    );
    const project = await testProject(t);
    const index = `CREATE INDEX CONCURRENTLY trace_n ON ${project.schema}.trace (n);`;
    const wholeUp = `-- hasura:no-transaction\n${index}\nINSERT INTO ${project.schema}.trace (n) VALUES (1);`;
    await project.write([{ n: 1, wholeUp }]);
    const ran = await project.run("apply", own);
    assert.deepEqual([ran.failure, applied(ran)], [undefined, [1]]);
    const { ran: done, ledger, catalog } = await project.truth();
    assert.deepEqual({ done, ledger, catalog }, { done: [1], ledger: [1], catalog: [1] });
    const valid = `SELECT indisvalid FROM pg_index WHERE indexrelid = '${project.schema}.trace_n'::regclass`;
    assert.equal(await requests.value(valid), "t");
  });

  test("a file that waits too long for a lock is tried again", async (t) => {
    needsInternals(t);
    const project = await testProject(t);
    const table = `${project.schema}.trace`;
    const lock = await holdLock(t);
    const blocker = requests.sql(`LOCK TABLE ${table}; SELECT pg_advisory_xact_lock(${lock.key})`);
    await untilWaitingFor(lock);
    const wholeUp = `-- hasura-migrate: lock_timeout=100ms\nALTER TABLE ${table} ADD extra int;`;
    await project.write([{ n: 1, wholeUp }]);
    let waited = 0;
    const ran = await project.run("apply", own, {
      emit: async (event) => {
        if (event.type !== "waiting" || event.reason !== "lock") return;
        waited += 1;
        await lock.cancel();
      },
    });
    await blocker;
    assert.ok(waited > 0);
    assert.deepEqual([ran.failure, applied(ran)], [undefined, [1]]);
  });
});
