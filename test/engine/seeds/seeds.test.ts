import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { describe, test, type TestContext } from "vitest";
import type { EngineContext } from "../../../src/engine/context.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { projectSeeds } from "../../../src/engine/project/seeds.ts";
import { catalogStore } from "../../../src/engine/store/catalog/catalog-store.ts";
import { lockClass, lockId } from "../../../src/engine/store/ledger/constants.ts";
import { freshDatabase } from "../../support/postgres.ts";
import { asked } from "../support/ledger-bench.ts";
import { withLedger } from "../support/ledger.ts";
import { projectOnDisk } from "../support/run.ts";
import {
  planned,
  reported,
  row,
  seedBench,
  seedProject,
  type SeedBench,
} from "../support/seed-bench.ts";

const two = { "default/01_a.sql": row("a"), "default/02_b.sql": row("b") };

describe("seeds", () => {
  test("each is run once, in order, and recorded with its rows", async (t) => {
    const it = await seedBench(t);
    const first = await it.seed(two);
    assert.equal(first.failure, undefined, first.failure?.message);
    assert.deepEqual(reported(first), [
      "started 01_a.sql",
      "applied 01_a.sql",
      "started 02_b.sql",
      "applied 02_b.sql",
    ]);
    assert.deepEqual(
      first.of("run.finished").map(({ applied }) => applied),
      [2],
    );
    const second = await it.seed({ ...two, "default/03_c.sql": row("c") });
    assert.deepEqual(reported(second), [
      "skipped 01_a.sql",
      "skipped 02_b.sql",
      "started 03_c.sql",
      "applied 03_c.sql",
    ]);
    assert.deepEqual(await it.rows(), ["a", "b", "c"]);
    assert.deepEqual(await it.recorded(), ["01_a.sql", "02_b.sql", "03_c.sql"]);
  });

  test("a file that has changed since is refused, and nothing is run", async (t) => {
    const it = await seedBench(t);
    await it.seed(two);
    const { failure } = await it.seed({
      "default/01_a.sql": row("other"),
      "default/02_b.sql": row("b"),
      "default/03_c.sql": row("c"),
    });
    assert.equal(failure?.code, "seed-changed");
    assert.match(failure.message, /^seeds\/default\/01_a\.sql has changed/);
    assert.deepEqual(await it.rows(), ["a", "b"]);
  });

  test("line endings and a byte order mark are no change", async (t) => {
    const it = await seedBench(t);
    await it.seed({ "default/01_a.sql": "SELECT 1;\n" });
    const ran = await it.seed({ "default/01_a.sql": "\uFEFFSELECT 1;\r\n" });
    assert.deepEqual(reported(ran), ["skipped 01_a.sql"]);
  });

  test("with --again the selected ones are run again, changed or not", async (t) => {
    const it = await seedBench(t);
    await it.seed(two);
    const ran = await it.seed(
      { ...two, "default/02_b.sql": row("b2") },
      { again: true, files: ["02_b.sql"] },
    );
    assert.deepEqual(reported(ran), ["started 02_b.sql", "applied 02_b.sql"]);
    assert.deepEqual(await it.rows(), ["a", "b", "b2"]);
    const after = await it.seed({ ...two, "default/02_b.sql": row("b2") });
    assert.deepEqual(reported(after), ["skipped 01_a.sql", "skipped 02_b.sql"]);
  });

  test("a seed that fails leaves nothing, and a later run continues with it", async (t) => {
    const it = await seedBench(t);
    const failing = `${row("x")}\nINSERT INTO missing VALUES (1);`;
    const ran = await it.seed({
      "default/01_a.sql": row("a"),
      "default/02_x.sql": failing,
      "default/03_c.sql": row("c"),
    });
    assert.equal(ran.failure?.kind, "migration");
    assert.equal(ran.failure.sql?.file, "seeds/default/02_x.sql");
    assert.equal(ran.failure.sql.place?.line, 2);
    const [end] = ran.of("run.failed");
    assert.deepEqual([end?.applied, end?.notReached], [1, 1]);
    assert.deepEqual(await it.rows(), ["a"]);
    const fixed = await it.seed({
      "default/01_a.sql": row("a"),
      "default/02_x.sql": row("b"),
      "default/03_c.sql": row("c"),
    });
    assert.equal(fixed.failure, undefined);
    assert.deepEqual(await it.rows(), ["a", "b", "c"]);
  });

  test("a seed that meets another run is not started, and the run ends at once", async (t) => {
    const it = await seedBench(t);
    const other = new pg.Client({ connectionString: it.url });
    await other.connect();
    t.onTestFinished(() => other.end());
    const three = { ...two, "default/03_c.sql": row("c") };
    const ran = await it.seedAs(three, asked("seed"), {
      ...withLedger({ waitMs: 1 }),
      emit: async ({ type }) => {
        if (type === "seed.applied")
          await other.query("SELECT pg_advisory_lock($1, $2)", [lockClass, lockId.migration]);
      },
    });
    assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["busy", "busy"]);
    assert.deepEqual(reported(ran), [
      "started 01_a.sql",
      "applied 01_a.sql",
      "started 02_b.sql",
      "skipped 02_b.sql",
    ]);
    const [end] = ran.of("run.failed");
    assert.deepEqual([ran.of("seed.plan").length, end?.applied, end?.notReached], [1, 1, 1]);
    assert.deepEqual(await it.rows(), ["a"]);
  });

  test("a file that changes while the run is in progress is not run, and what was run before counts", async (t) => {
    const it = await seedBench(t);
    const root = await projectOnDisk(t, seedProject(two));
    const ran = await it.seedAs({}, asked("seed"), {
      projectSeeds: async () => projectSeeds(await readProject(root)),
      emit: async ({ type }) => {
        if (type === "seed.applied")
          await writeFile(join(root, "seeds/default/02_b.sql"), row("other"));
      },
    });
    assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["busy", "plan-changed"]);
    const [end] = ran.of("run.failed");
    assert.deepEqual([end?.applied, end?.notReached], [1, 1]);
    assert.deepEqual(await it.rows(), ["a"]);
  });

  test("a dry run shows the plan and changes nothing, also before there is a ledger", async (t) => {
    const it = await seedBench(t);
    const before = await it.seed(two, { dryRun: true });
    assert.equal(before.failure, undefined, before.failure?.message);
    assert.deepEqual(
      planned(before).map(({ seed, state }) => `${seed} ${state}`),
      ["01_a.sql pending", "02_b.sql pending"],
    );
    await it.seed({ "default/01_a.sql": row("a") });
    const after = await it.seed({ ...two, "default/01_a.sql": row("x") }, { dryRun: true });
    assert.deepEqual(
      planned(after).map(({ seed, state }) => `${seed} ${state}`),
      ["01_a.sql changed", "02_b.sql pending"],
    );
    assert.equal(after.failure?.code, "seed-changed");
    assert.deepEqual(await it.rows(), ["a"]);
  });

  test("a run is refused if its plan is not the one that was shown", async (t) => {
    const it = await seedBench(t);
    const shown = await it.seed(two, { dryRun: true });
    const expectedPlan = shown.of("seed.plan")[0]?.fingerprint;
    const other = await it.seed({ ...two, "default/03_c.sql": row("c") }, { expectedPlan });
    assert.equal(other.failure?.code, "plan-changed");
    const same = await it.seed(two, { expectedPlan });
    assert.equal(same.failure, undefined, same.failure?.message);
  });

  test("the settings of a file end with it, and its own lock timeout counts", async (t) => {
    const it = await seedBench(t);
    const ran = await it.seed({
      "default/01_a.sql":
        "-- hasura-migrate: lock_timeout=7s\nSET search_path = pg_catalog; INSERT INTO public.it SELECT current_setting('lock_timeout');",
      "default/02_b.sql": "INSERT INTO it SELECT current_setting('search_path');",
    });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(await it.rows(), ['"$user", public', "7s"]);
  });

  test("a file without a statement is recorded, and nothing is sent", async (t) => {
    const it = await seedBench(t);
    const ran = await it.seed({ "default/01_a.sql": "-- nothing yet\n" });
    assert.deepEqual(
      ran.of("seed.applied").map(({ notices }) => notices?.length),
      [1],
    );
    assert.deepEqual(await it.recorded(), ["01_a.sql"]);
  });

  test("the history lists what each run has run", async (t) => {
    const it = await seedBench(t);
    await it.seed(two);
    const ran = await it.run({ "1_a/up": "SELECT 1;" }, asked("history"));
    const rows = ran.of("history").flatMap(({ runs }) => runs);
    assert.deepEqual(
      rows.map(({ operation, outcome, seeds = [] }) => [
        operation,
        outcome,
        seeds.map(({ database, name }) => `${database} ${name}`),
      ]),
      [["seed", "finished", ["default 01_a.sql", "default 02_b.sql"]]],
    );
    assert.ok(rows[0]?.seeds?.every(({ ms = -1 }) => ms >= 0));
  });

  test("a run that was split continues where it paused, also with --again", async (t) => {
    const it = await seedBench(t);
    await it.seed(two);
    const request = asked("seed", { again: true, sliceMs: 1 });
    const { runId } = request;
    let now = 0;
    const first = await it.seedAs(two, request, { now: () => (now += 10) });
    assert.deepEqual(
      first.of("run.paused").map(({ applied, notReached }) => [applied, notReached]),
      [[1, 1]],
    );
    const [planned] = first.of("seed.plan");
    const second = await it.seedAs(
      two,
      { ...asked("seed", { again: true, expectedPlan: planned?.fingerprint }), runId, part: 2 },
      withLedger({ requestId: "request-2" }),
    );
    assert.equal(second.failure, undefined, second.failure?.message);
    assert.deepEqual(reported(second), ["started 02_b.sql", "applied 02_b.sql"]);
    assert.deepEqual(await it.rows(), ["a", "a", "b", "b"]);
  });

  test("without a ledger seeds are refused, and run without a record with --again", async (t) => {
    const it = await seedBench(t);
    const openStore = catalogStore;
    const refused = await it.seedAs(two, asked("seed"), { openStore });
    assert.equal(refused.failure?.code, "seeds-not-recorded");
    assert.deepEqual(await it.rows(), []);
    const ran = await it.seedAs(two, asked("seed", { again: true }), { openStore });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.ok(ran.of("log").some(({ code }) => code === "seeds-not-recorded"));
    assert.deepEqual(await it.rows(), ["a", "b"]);
  });

  /** A second database, without a ledger, whose name decides whether its seeds come before those of `default`. */
  async function twoDatabases(t: TestContext, other: string): Promise<SeedBench> {
    const url = await freshDatabase(t);
    const sources = [other, "default"].map((name) => ({ name, kind: "postgres" as const, url }));
    return seedBench(t, { metadataUrl: url, sources });
  }
  const openStore: EngineContext["openStore"] = (database, context) =>
    database.name === "default"
      ? withLedger().openStore(database, context)
      : catalogStore(database, context);

  test("a run that has run seeds without a record does not pause: they would be run again", async (t) => {
    const it = await twoDatabases(t, "archive");
    let now = 0;
    const ran = await it.seedAs(
      { "archive/01_r.sql": row("r"), ...two },
      asked("seed", { again: true, sliceMs: 1 }),
      { openStore, now: () => (now += 10) },
    );
    assert.equal(ran.events.at(-1)?.type, "run.finished", ran.failure?.message);
    assert.deepEqual(await it.rows(), ["a", "b", "r"]);
  });

  test("before one of those it pauses, and every seed is run once", async (t) => {
    const it = await twoDatabases(t, "reporting");
    const files = { ...two, "reporting/01_r.sql": row("r") };
    const request = asked("seed", { again: true, sliceMs: 1 });
    let now = 0;
    const more = { openStore, now: () => (now += 10) };
    const first = await it.seedAs(files, request, more);
    assert.equal(first.events.at(-1)?.type, "run.paused", first.failure?.message);
    const second = await it.seedAs(files, { ...request, part: 2 }, more);
    assert.equal(second.events.at(-1)?.type, "run.finished", second.failure?.message);
    assert.deepEqual(await it.rows(), ["a", "b", "r"]);
  });

  test("a new plan in the same run does not run a seed without a record again", async (t) => {
    const it = await twoDatabases(t, "archive");
    const files = { "archive/01_r.sql": row("r"), ...two };
    const ran = await it.seedAs(files, asked("seed", { again: true }), {
      openStore,
      emit: async (event) => {
        if (
          event.type === "seed.started" &&
          event.seed === "01_a.sql" &&
          !(await it.rows()).includes("other")
        )
          await it.seedAs(
            { "default/00_other.sql": row("other") },
            asked("seed"),
            withLedger({ requestId: "request-other", liveMs: 0 }),
          );
      },
    });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.equal(ran.of("seed.plan").length, 2);
    assert.deepEqual(await it.rows(), ["a", "b", "other", "r"]);
  });

  test("migrations after seeds find the ledger in order", async (t) => {
    const it = await seedBench(t);
    await it.run({ "1_a/up": "SELECT 1;" });
    await it.seed(two);
    const ran = await it.run({ "1_a/up": "SELECT 1;", "2_b/up": "SELECT 2;" });
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    assert.deepEqual(await it.catalog(), ["1", "2"]);
    const again = await it.seed(two);
    assert.deepEqual(reported(again), ["skipped 01_a.sql", "skipped 02_b.sql"]);
  });

  test("a seed for a database that is not connected is refused", async (t) => {
    const it = await seedBench(t);
    const { failure } = await it.seed({ "other/01_a.sql": row("a") });
    assert.equal(failure?.code, "unknown-database");
    assert.match(failure.message, /seeds for the database other/);
  });
});
