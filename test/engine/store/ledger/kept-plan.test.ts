import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { Request } from "../../../../src/protocol/request.ts";
import { withLedger } from "../../support/ledger.ts";
import { asked, ledgerBench, type LedgerBench } from "../../support/ledger-bench.ts";
import type { Ran } from "../../support/run.ts";

const table = (version: string, name: string): Record<string, string> => ({
  [`${version}_${name}/up`]: `CREATE TABLE ${name} (id int)`,
  [`${version}_${name}/down`]: `DROP TABLE ${name}`,
});
const files = { ...table("1", "a"), ...table("2", "b"), ...table("3", "c") };
const withFourth = { ...files, ...table("4", "d") };

/** Runs the first slice of a run, which does one step and pauses. */
async function firstSlice(it: LedgerBench, request: Request): Promise<void> {
  let now = 0;
  const sliced = { ...request, options: { ...request.options, sliceMs: 1 } } as Request;
  const paused = await it.run(files, sliced, { now: () => (now += 10) });
  const end = paused.events.at(-1);
  assert.deepEqual([end?.type, end?.type === "run.paused" && end.applied], ["run.paused", 1]);
}

/** Continues a run as its client does: with these options and the files of the image. */
function continued(
  it: LedgerBench,
  request: Request,
  options: object,
  ups: Record<string, string> = files,
): Promise<Ran> {
  const rest = { ...request, part: 2, options: { ...request.options, ...options } } as Request;
  return it.run(ups, rest, withLedger({ requestId: "request-2", liveMs: 0 }));
}

/** Another run, between two slices. */
function meanwhile(it: LedgerBench, ups: Record<string, string>, request: Request): Promise<Ran> {
  return it.run(ups, request, withLedger({ requestId: "request-other", liveMs: 0 }));
}

function assertOutdated(ran: Ran, message: RegExp): void {
  assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["busy", "plan-outdated"]);
  assert.match(ran.failure?.message ?? "", message);
  assert.deepEqual(
    ran.events.filter(({ type }) => type.startsWith("migration.")),
    [],
  );
}

describe("a run of several slices does what its first plan had, and nothing else", () => {
  test("a rollback does not take what was applied between its slices", async (t) => {
    const it = await ledgerBench(t);
    await it.run(files);
    const down = asked("down", { steps: 3 });
    await firstSlice(it, down);
    await meanwhile(it, withFourth, asked("apply", { only: "4" }));
    assertOutdated(
      await continued(it, down, { steps: 2 }, withFourth),
      /: it would now roll back 4_d, which was not in the plan\.$/,
    );
    assert.deepEqual(await it.ledger(), ["1", "2", "4"]);
  });

  test("nor does it repeat what another run has undone", async (t) => {
    const it = await ledgerBench(t);
    await it.run(files);
    const down = asked("down", { steps: 2 });
    await firstSlice(it, down);
    await meanwhile(it, files, asked("apply"));
    assertOutdated(await continued(it, down, { steps: 1 }), /: it would now roll back 3_c again/);
  });

  test("a redo does not roll its migration back a second time", async (t) => {
    const it = await ledgerBench(t);
    await it.run(files);
    const redo = asked("redo");
    let remaining = 900_000;
    const paused = await it.run(files, redo, {
      // There is time for the first half.
      remainingMs: () => remaining,
      emit: ({ type }) => {
        if (type === "migration.applied") remaining = 50_000;
        return Promise.resolve();
      },
    });
    assert.equal(paused.events.at(-1)?.type, "run.paused");
    await meanwhile(it, files, asked("apply"));
    assertOutdated(
      await continued(it, redo, { version: "3" }),
      /: it would now roll back 3_c again/,
    );
  });

  test("a confirmed apply takes neither other versions nor other files", async (t) => {
    const it = await ledgerBench(t);
    const confirmed = async (): Promise<Request> => {
      const shown = await it.run(files, asked("apply", { dryRun: true }));
      const apply = asked("apply", { expectedPlan: shown.of("plan")[0]?.fingerprint });
      await firstSlice(it, apply);
      return apply;
    };
    const first = await confirmed();
    assertOutdated(
      await continued(it, first, {}, withFourth),
      /apply 4_d, which was not in the plan/,
    );
    await it.run(files, asked("down", { all: true }));
    const second = await confirmed();
    const changed = { ...files, "3_c/up": "DROP TABLE a" };
    assertOutdated(
      await continued(it, second, {}, changed),
      /apply 3_c, which was not in the plan/,
    );
    assert.deepEqual(await it.ledger(), ["1"]);
  });

  test("what is left of the plan is done, though another run has done a part of it", async (t) => {
    const it = await ledgerBench(t);
    const shown = await it.run(files, asked("apply", { dryRun: true }));
    const apply = asked("apply", { expectedPlan: shown.of("plan")[0]?.fingerprint });
    await firstSlice(it, apply);
    await meanwhile(it, files, asked("apply", { only: "2" }));
    const rest = await continued(it, apply, {});
    assert.deepEqual([rest.failure, await it.ledger()], [undefined, ["1", "2", "3"]]);
  });

  test("an apply that nobody had to confirm takes whatever is pending by then", async (t) => {
    const it = await ledgerBench(t);
    const apply = asked("apply");
    await firstSlice(it, apply);
    const rest = await continued(it, apply, {}, withFourth);
    assert.deepEqual([rest.failure, await it.ledger()], [undefined, ["1", "2", "3", "4"]]);
  });
});
