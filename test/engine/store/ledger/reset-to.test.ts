import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Request } from "../../../../src/protocol/request.ts";
import { query } from "../../../support/postgres.ts";
import { withLedger } from "../../support/ledger.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import type { Ran } from "../../support/run.ts";

const table = (version: string, name: string): Record<string, string> => ({
  [`${version}_${name}/up`]: `CREATE TABLE ${name} (id int)`,
  [`${version}_${name}/down`]: `DROP TABLE ${name}`,
});
const main = { ...table("1", "note"), ...table("4", "tag") };
const branch = { ...table("1", "note"), ...table("2", "coupon"), ...table("3", "code") };

const planned = (ran: Ran): string[] =>
  (ran.of("plan")[0]?.databases ?? [])
    .flatMap(({ items }) => items)
    .map(({ direction, version }) => `${direction} ${version}`);
const warnings = (ran: Ran): string[] =>
  ran.of("log").flatMap(({ level, code }) => (level === "warning" ? [code] : []));
const tables = async (it: LedgerBench): Promise<string[]> =>
  (
    await query(
      it.url,
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
    )
  ).map(({ relname }) => String(relname));
/** A run of somebody on a branch. */
const byAda = (operation: string, options: object = {}): Request =>
  Request.parse({
    ...asked(operation, options),
    actor: { user: "ada", host: "laptop", gitBranch: "add-coupons" },
  });

describe("reset-to", () => {
  test("rolls back versions that the project lacks, most recent first, then applies the pending ones", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ ...table("1", "note"), ...table("3", "code") });
    await it.run(branch);
    const shown = await it.run(main, asked("reset-to", { dryRun: true }));
    assert.deepEqual(planned(shown), ["down 2", "down 3", "up 4"]);
    assert.deepEqual(await tables(it), ["code", "coupon", "note"]);
    const ran = await it.run(main, asked("reset-to"));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual([planned(ran), warnings(ran)], [["down 2", "down 3", "up 4"], []]);
    assert.deepEqual(await tables(it), ["note", "tag"]);
    assert.deepEqual(
      [await it.ledger(), await it.catalog()],
      [
        ["1", "4"],
        ["1", "4"],
      ],
    );
    const again = await it.run(main, asked("reset-to"));
    assert.deepEqual([again.failure, planned(again)], [undefined, []]);
  });

  test("does what was confirmed, and nothing if the plan has changed by then", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const shown = await it.run(main, asked("reset-to", { dryRun: true }));
    const expectedPlan = shown.of("plan")[0]?.fingerprint;
    await it.run({ ...branch, ...table("5", "late") });
    const refused = await it.run(main, asked("reset-to", { expectedPlan }));
    assert.equal(refused.failure?.code, "plan-changed");
    assert.deepEqual(await it.ledger(), ["1", "2", "3", "5"]);
  });

  test("an up that fails keeps what was done before it, and the same command continues from there", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const broken = { ...main, "4_tag/up": "SELECT 1/0" };
    const failed = await it.run(broken, asked("reset-to"));
    assert.equal(failed.failure?.code, "sql-failed");
    assert.deepEqual(await it.ledger(), ["1"]);
    const ran = await it.run(main, asked("reset-to"));
    assert.deepEqual(planned(ran), ["up 4"]);
    assert.deepEqual(await tables(it), ["note", "tag"]);
  });

  test("a down that fails stops before anything is applied", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ ...branch, "2_coupon/down": "DROP TABLE missing" });
    const failed = await it.run(main, asked("reset-to"));
    assert.equal(failed.failure?.code, "sql-failed");
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    assert.deepEqual(await tables(it), ["coupon", "note"]);
  });

  test("fills older gaps, with a warning; a protected environment requires outOfOrder", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ ...table("1", "note"), ...table("3", "code"), ...table("5", "last") });
    const target = { ...table("1", "note"), ...table("2", "coupon"), ...table("5", "last") };
    const options = { protected: true };
    const refused = await it.run(target, asked("reset-to"), options);
    assert.equal(refused.failure?.code, "out-of-order");
    assert.deepEqual(await it.ledger(), ["1", "3", "5"], "nothing was rolled back either");
    const ran = await it.run(target, asked("reset-to", { outOfOrder: true }), options);
    assert.deepEqual([planned(ran), warnings(ran)], [["down 3", "up 2"], ["out-of-order"]]);
    assert.deepEqual(await tables(it), ["coupon", "last", "note"]);
  });
});

describe("reset-to without a way back", () => {
  const stuck = { ...branch, "2_coupon/down": "-- nothing", ...table("5", "kept") };

  test("is refused, and lists each version with who applied it", async (t) => {
    const it = await ledgerBench(t);
    await it.run(stuck, byAda("apply"));
    for (const dryRun of [true, undefined]) {
      const ran = await it.run(main, asked("reset-to", { dryRun }));
      assert.equal(ran.failure?.code, "no-way-back");
      const hints = ran.failure.hints.map((hint) => ("text" in hint ? hint.text : hint.kind));
      assert.equal(hints[0], "2_coupon: ada applied it on the branch add-coupons.");
      assert.deepEqual(
        ran.failure.hints.flatMap((hint) => (hint.kind === "retry" ? hint.with : [])),
        ["--keep"],
      );
    }
    assert.deepEqual(await it.ledger(), ["1", "2", "3", "5"]);
  });

  test("with keep leaves them, with a warning, and resets the rest", async (t) => {
    const it = await ledgerBench(t);
    await it.run(stuck, byAda("apply"));
    const ran = await it.run(main, asked("reset-to", { keep: true }));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(planned(ran), ["down 5", "down 3", "up 4"]);
    assert.deepEqual(warnings(ran), ["left-applied"]);
    assert.deepEqual(await it.ledger(), ["1", "2", "4"]);
  });

  test("that is everything that was applied or marked while no down SQL was kept", async (t) => {
    const it = await ledgerBench(t);
    const nothingKept = withLedger({ keepsDownSql: false });
    await it.run(branch, byAda("apply"), nothingKept);
    await it.run(branch, asked("mark", { versions: ["3"], as: "pending" }));
    await it.run(branch, asked("mark", { versions: ["3"], as: "applied" }), nothingKept);
    const ran = await it.run(main, asked("reset-to"));
    assert.match(ran.failure?.message ?? "", /^2 versions would have to be rolled back in default/);
  });

  test("without a ledger, whatever has no file", async (t) => {
    const it = await ledgerBench(t);
    const { catalogStore } = await import("../../../../src/engine/store/catalog/catalog-store.ts");
    const openStore = { openStore: catalogStore };
    await it.run(branch, asked("apply"), openStore);
    const refused = await it.run(main, asked("reset-to"), openStore);
    assert.equal(refused.failure?.code, "no-way-back");
    const kept = await it.run(main, asked("reset-to", { keep: true }), openStore);
    assert.deepEqual(planned(kept), ["up 4"]);
    assert.deepEqual(await it.catalog(), ["1", "2", "3", "4"]);
  });
});

describe("files that changed after they were applied", () => {
  const changed = { ...branch, "2_coupon/up": "CREATE TABLE coupon (id int, code text)" };

  test("are left, with a warning", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const ran = await it.run(changed, asked("reset-to"));
    assert.deepEqual([planned(ran), warnings(ran)], [[], ["changed-file"]]);
    assert.match(
      ran.of("log")[0]?.message ?? "",
      /: 2\. To roll them back and apply them again, add --changed/,
    );
  });

  test("are rolled back with the stored SQL and applied again on request", async (t) => {
    const it = await ledgerBench(t);
    await it.run({
      ...branch,
      "2_coupon/down": "DROP TABLE coupon; CREATE TABLE by_ledger (id int)",
    });
    const ran = await it.run(changed, asked("reset-to", { changed: true }));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(planned(ran), ["down 2", "up 2"]);
    assert.deepEqual(await tables(it), ["by_ledger", "code", "coupon", "note"]);
    const status = await it.run(changed, asked("status"));
    const rows = status.of("status").flatMap(({ databases }) => databases[0]?.migrations ?? []);
    assert.deepEqual(
      rows.map(({ state }) => state),
      ["applied", "applied", "applied"],
    );
  });

  test("are refused if that SQL is not stored, even if the project has a down file", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch, asked("apply"), withLedger({ keepsDownSql: false }));
    const ran = await it.run(changed, asked("reset-to", { changed: true }));
    assert.equal(ran.failure?.code, "no-way-back");
    assert.deepEqual(await it.ledger(), ["1", "2", "3"]);
  });
});

test("an applied file that can no longer be read as SQL does not stop a reset that does not need it", async (t) => {
  const it = await ledgerBench(t);
  await it.run(branch);
  const ran = await it.run(
    { ...main, "1_note/up": "CREATE TABLE note (id int) \0" },
    asked("reset-to"),
  );
  assert.equal(ran.failure, undefined, ran.failure?.message);
  assert.deepEqual(planned(ran), ["down 3", "down 2", "up 4"]);
  const pending = { ...main, "9_bad/up": "SELECT 1 \0" };
  const refused = await it.run(pending, asked("reset-to"));
  assert.equal(refused.failure?.code, "nul-character");
});

describe("a reset in several invocations", () => {
  /** Runs slices of one step each until the run ends; what was done in each. */
  async function inSlices(it: LedgerBench, files: Record<string, string>, options: object = {}) {
    const request = asked("reset-to", { ...options, sliceMs: 1 });
    const done: string[][] = [];
    for (let part = 1; part <= 9; part += 1) {
      let now = 0;
      const ran = await it.run(files, Request.parse({ ...request, part }), {
        ...withLedger({ requestId: `request-${String(part)}`, liveMs: 0 }),
        now: () => (now += 10),
      });
      assert.equal(ran.failure, undefined, ran.failure?.message);
      done.push(ran.of("migration.applied").map((each) => `${each.direction} ${each.version}`));
      if (ran.events.at(-1)?.type === "run.finished") break;
    }
    return done;
  }

  test("does its downs, then its ups, each once", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const done = await inSlices(it, { ...main, ...table("5", "last") });
    assert.deepEqual(done, [["down 3"], ["down 2"], ["up 4"], ["up 5"]]);
    assert.deepEqual(await it.ledger(), ["1", "4", "5"]);
  });

  test("applies a changed file after the pause that follows its rollback", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const changed = { ...branch, "3_code/up": "CREATE TABLE code (id int, x int)" };
    assert.deepEqual(await inSlices(it, changed, { changed: true }), [["down 3"], ["up 3"]]);
    assert.deepEqual(await it.ledger(), ["1", "2", "3"]);
  });

  test("leaves alone versions that were applied in between", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const request = asked("reset-to", { sliceMs: 1 });
    let now = 0;
    const paused = await it.run(main, request, { now: () => (now += 10) });
    assert.deepEqual([paused.events.at(-1)?.type, versions(paused)], ["run.paused", ["3"]]);
    const other = withLedger({ requestId: "other", liveMs: 0 });
    await it.run({ ...branch, ...table("9", "mine") }, asked("apply", { only: "9" }), other);
    const rest = Request.parse({ ...request, part: 2 });
    const ran = await it.run(main, rest, withLedger({ requestId: "request-2", liveMs: 0 }));
    assert.equal(ran.failure?.code, "plan-outdated");
    assert.match(ran.failure.message, /it would now roll back 9_mine, which was not in the plan/);
    assert.deepEqual(await it.ledger(), ["1", "2", "9"]);
  });
});

describe("two resets at once", () => {
  test("one waits for the other, and does not repeat what the other has done", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const both = await Promise.all(
      ["a", "b"].map((requestId) =>
        it.run(main, asked("reset-to"), {
          ...withLedger({ requestId }),
          sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, Math.min(ms, 20))),
        }),
      ),
    );
    assert.deepEqual(
      both.flatMap(({ failure }) => failure?.message ?? []),
      [],
    );
    assert.deepEqual(both.flatMap(versions).sort(), ["2", "3", "4"]);
    assert.deepEqual(await it.ledger(), ["1", "4"]);
  });
});

test("a database that the project has no migrations for is left, unless it is named", async (t) => {
  const it = await ledgerBench(t);
  await it.run(branch);
  const none = { "notes/readme": "no migration" };
  const left = await it.run(none, asked("reset-to"));
  assert.deepEqual([left.failure, planned(left)], [undefined, []]);
  assert.deepEqual(warnings(left), ["no-migrations", "database-left"]);
  const named = await it.run(none, asked("reset-to", { database: "default", dryRun: true }));
  assert.deepEqual(planned(named), ["down 3", "down 2", "down 1"]);
});
