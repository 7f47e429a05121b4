import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EngineContext } from "../../../src/engine/context.ts";
import type { InconsistentObject } from "../../../src/engine/hasura/client.ts";
import {
  inconsistentObjectsBefore,
  reloadMetadata,
} from "../../../src/engine/run/reload-metadata.ts";
import { notSent } from "../support/call-errors.ts";
import { engineOf, warningsOf } from "../support/engine.ts";
import { scriptedHasura, type ScriptedHasura } from "../support/scripted-hasura.ts";

const object = (name: string, type = "table"): InconsistentObject => ({
  type,
  name,
  reason: `${name} is gone`,
});

/** Reloads with these objects before and after. */
async function reload(
  before: readonly InconsistentObject[] | undefined,
  after: readonly InconsistentObject[],
  strict = false,
  more: Partial<EngineContext> = {},
) {
  const hasura: ScriptedHasura = scriptedHasura();
  hasura.inconsistent = [...after];
  let asked: unknown;
  hasura.before = (call, detail) => {
    if (call === "reloadMetadata") asked = detail;
  };
  const engine = engineOf({ hasura, ...more });
  const failure = await reloadMetadata(
    {
      ...{ touched: ["a", "b"], before: Promise.resolve(before), strict },
      record: () => undefined,
    },
    engine,
  );
  const event = engine.events.find(({ type }) => type === "metadata.reloaded");
  const inconsistent = event?.type === "metadata.reloaded" ? event.inconsistent : undefined;
  return { failure, asked, event, inconsistent, warnings: warningsOf(engine.events) };
}

describe("reloading the metadata", () => {
  test("names the databases, and reports a consistent server without a warning", async () => {
    const { failure, asked, event, warnings } = await reload([], []);
    assert.deepEqual(asked, ["a", "b"]);
    assert.deepEqual(event, {
      type: "metadata.reloaded",
      tookMs: 0,
      inconsistent: { broken: [], before: 0 },
    });
    assert.deepEqual([failure, warnings], [undefined, []]);
  });

  test("distinguishes what the run broke from what was inconsistent before, by type and name", async () => {
    const after = [object("a"), object("b"), object("a", "view")];
    const { failure, inconsistent, warnings } = await reload([object("a")], after);
    assert.deepEqual(inconsistent, { broken: [object("b"), object("a", "view")], before: 1 });
    assert.equal(failure, undefined);
    assert.match(
      warnings.join("\n"),
      /^metadata-inconsistent: The schema has changed, .*no longer matches it: b, a\.$/,
    );
  });

  test("fails a strict run for what it has broken", async () => {
    const { failure, warnings } = await reload([object("a")], [object("a"), object("b")], true);
    assert.deepEqual([failure?.kind, failure?.code], ["metadata", "metadata-inconsistent"]);
    assert.match(failure?.message ?? "", /: b\.$/);
    assert.equal(failure?.hints.length, 1);
    assert.deepEqual(warnings, []);
  });

  test("does not fail a strict run for what was inconsistent before", async () => {
    const one = await reload([object("a")], [object("a")], true);
    assert.equal(one.failure, undefined);
    assert.match(one.warnings.join(), /has 1 inconsistent object, as before/);
    const both = [object("a"), object("b")];
    assert.match(
      (await reload(both, both, true)).warnings.join(),
      /has 2 inconsistent objects, as/,
    );
  });

  test("attributes nothing to the run, if it is not known what was inconsistent before", async () => {
    const { failure, inconsistent } = await reload(undefined, [object("a")], true);
    assert.deepEqual(inconsistent, { broken: [], before: 1 });
    assert.equal(failure, undefined);
  });

  test("that fails is a warning: the migrations are applied", async () => {
    const hasura = scriptedHasura();
    hasura.before = () => {
      throw notSent();
    };
    const { failure, event, warnings } = await reload([], [], true, { hasura });
    assert.deepEqual([failure, event], [undefined, undefined]);
    assert.match(
      warnings.join(),
      /^reload-failed: .*could not be reached while reloading its metadata/,
    );
  });

  test("reports how long it took, and never a negative time", async () => {
    const clock = (...times: number[]) => ({ now: () => times.shift() ?? 0 });
    const tookOf = async (more: object) => {
      const { event } = await reload([], [], false, more);
      return event?.type === "metadata.reloaded" ? event.tookMs : undefined;
    };
    assert.equal(await tookOf(clock(100, 140)), 40);
    assert.equal(await tookOf(clock(140, 100)), 0);
  });
});

describe("the inconsistent objects before a run", () => {
  test("are what Hasura lists, or not known", async () => {
    const hasura = scriptedHasura();
    hasura.inconsistent = [object("a")];
    assert.deepEqual(await inconsistentObjectsBefore(engineOf({ hasura })), [object("a")]);
    hasura.before = () => {
      throw notSent();
    };
    assert.equal(await inconsistentObjectsBefore(engineOf({ hasura })), undefined);
  });
});
