import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { FileAssessment } from "../../../src/engine/plan/assessment.ts";
import { migrate } from "../../../src/engine/operations/migrate.ts";
import { showPlan } from "../../../src/engine/operations/show-plan.ts";
import { fingerprintOf } from "../../../src/engine/plan/fingerprint.ts";
import type { KeptPlan, StepResult } from "../../../src/engine/store/store.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import type { StatementImpact } from "../../../src/protocol/impact.ts";
import { engineOf, warningsOf } from "../support/engine.ts";
import { storeOf } from "../support/ready-steps.ts";
import { applied, databaseOf, requestOf, sessionOf } from "../support/sessions.ts";

const loss: StatementImpact = {
  ...{ line: 1, table: "orders", effect: "data-loss", rows: 1_200_000, bytes: 340_000_000 },
  ...{ loses: { what: "table", name: "orders" }, blocks: "reads and writes" },
  ...{ rules: ["drop-data"], risk: "data-loss", needs: ["drop-data"] },
};
const rewrite: StatementImpact = {
  ...{ line: 2, table: "orders", effect: "rewrite", rules: ["type-rewrite"] },
  ...{ risk: "blocking", needs: ["type-rewrite"] },
};
const note: StatementImpact = { line: 1, table: "orders", effect: "scan", rules: [] };

interface Given {
  readonly operation?: "apply" | "down";
  readonly options?: object;
  readonly part?: number;
  readonly protected?: boolean;
  /** What each file does. */
  readonly statements?: readonly StatementImpact[];
  readonly kept?: KeptPlan;
  readonly ends?: () => StepResult;
}

/** Runs one migration with these statements; `ran`: what reached the database. */
async function run(given: Given) {
  const { operation = "apply", statements = [loss], options = {}, part = 1 } = given;
  const ran: string[] = [];
  const kept: string[][] = [];
  const store = storeOf({
    run: (step) => {
      ran.push(`${step.direction} ${step.version}`);
      return Promise.resolve(given.ends?.() ?? { outcome: "done", notices: [] });
    },
    keepPlan: (steps) => Promise.resolve(void kept.push([...steps])),
  });
  const recorded = operation === "down" ? applied("1") : {};
  const state = databaseOf({ files: ["1"], recorded, store });
  const database = given.kept ? { ...state, keptPlan: given.kept } : state;
  const assessed: FileAssessment = { statements, isSensitive: statements.length > 0 };
  const engine = engineOf({
    protected: given.protected ?? false,
    assess: (files) => Promise.resolve(files.map(() => assessed)),
  });
  const request = { ...requestOf(operation, { reload: false, ...options }), part };
  const result = await migrate(request, sessionOf(database), engine).catch(
    (thrown: unknown) => thrown,
  );
  const failure = result instanceof Failure ? result : undefined;
  return { ran, kept, failure, events: engine.events };
}

describe("the risks of a plan", () => {
  test.each<[string, Given, string | undefined]>([
    ["lost data that nobody has confirmed", {}, "data-loss"],
    ["lost data, confirmed by name", { options: { confirm: "dev-3" } }, undefined],
    ["lost data, confirmed without the name", { options: { yes: true } }, undefined],
    ["lost data, not confirmed", { options: { yes: false } }, "data-loss"],
    [
      "lost data in a protected environment, confirmed without the name",
      { protected: true, options: { yes: true } },
      "risk-not-allowed",
    ],
    [
      "lost data where only the client's configuration protects, confirmed without the name",
      { options: { yes: true, refuseRisks: true } },
      "risk-not-allowed",
    ],
    [
      "lost data, confirmed for another environment",
      { options: { confirm: "dev-4" } },
      "data-loss",
    ],
    ["lost data that is allowed", { options: { allow: ["drop-data"] } }, undefined],
    ["lost data, another rule is allowed", { options: { allow: ["mass-change"] } }, "data-loss"],
    ["a rollback is confirmed by its caller", { operation: "down" }, undefined],
    ["a rewrite where nothing is protected", { statements: [rewrite] }, undefined],
    ["a rewrite where protected", { statements: [rewrite], protected: true }, "risk-not-allowed"],
    [
      "a rewrite whose rule the file allows",
      { statements: [{ ...rewrite, needs: [] }], protected: true },
      undefined,
    ],
    [
      "a rewrite that is allowed",
      { statements: [rewrite], protected: true, options: { allow: ["type-rewrite"] } },
      undefined,
    ],
    [
      "lost data in a protected environment, confirmed",
      { protected: true, options: { confirm: "dev-3" } },
      "risk-not-allowed",
    ],
    [
      "a rollback that loses data in a protected environment",
      { operation: "down", protected: true },
      "risk-not-allowed",
    ],
    [
      "only one of two rules is allowed",
      { statements: [loss, rewrite], protected: true, options: { allow: ["drop-data"] } },
      "risk-not-allowed",
    ],
    [
      "lost data where only the client's configuration protects, confirmed",
      { options: { confirm: "dev-3", refuseRisks: true } },
      "risk-not-allowed",
    ],
    [
      "a rewrite that is allowed where only the client's configuration protects",
      { statements: [rewrite], options: { refuseRisks: true, allow: ["type-rewrite"] } },
      undefined,
    ],
    [
      "a rollback where only the client's configuration protects",
      { operation: "down", options: { refuseRisks: true } },
      "risk-not-allowed",
    ],
    ["nothing of risk", { statements: [note], protected: true }, undefined],
  ])("%s", async (_, given, code) => {
    const { failure, ran } = await run(given);
    assert.equal(failure?.code, code, failure?.message);
    assert.equal(ran.length, code === undefined ? 1 : 0);
  });

  test("the refusal names file, line, table and size, and the exact flags", async () => {
    const { failure } = await run({ options: { allow: ["mass-change"] } });
    assert.equal(
      failure?.message,
      "The plan would lose data in dev-3, which was not confirmed: 1/up.sql, line 1, drops the table orders (1.2 M rows, 340 MB). Nothing was run.",
    );
    assert.deepEqual(
      failure.hints.map((hint) => (hint.kind === "retry" ? hint.with : hint.kind)),
      [["--yes=dev-3"], ["--allow=mass-change", "--allow=drop-data"], "text"],
    );
  });

  test("a confirmed plan loses the data that it showed, and no other data", async () => {
    const shown = await run({ options: { dryRun: true } });
    const [plan] = shown.events.filter((event) => event.type === "plan");
    assert.deepEqual([shown.failure, shown.ran], [undefined, []]);
    const expectedPlan = plan?.fingerprint ?? "";
    assert.deepEqual((await run({ options: { expectedPlan } })).ran, ["up 1"]);
    const other = await run({ options: { expectedPlan: "of another plan" } });
    assert.deepEqual([other.failure?.code, other.ran], ["plan-changed", []]);
  });

  test("a dry run in a protected environment shows the plan, and ends as the run would", async () => {
    const { failure, events } = await run({ protected: true, options: { dryRun: true } });
    assert.equal(failure?.code, "risk-not-allowed");
    assert.ok(events.some((event) => event.type === "plan" && event.dryRun === true));
  });

  test("a later invocation does what the first was allowed to do, without asking again", async () => {
    const first = await run({ options: { confirm: "dev-3" } });
    assert.equal(first.kept.length, 1);
    const kept = { steps: new Set(first.kept.flat()), done: new Set<string>() };
    assert.deepEqual((await run({ part: 2, kept, protected: true })).ran, ["up 1"]);
    const other = { steps: new Set([fingerprintOf([["other"]])]), done: new Set<string>() };
    assert.equal((await run({ part: 2, kept: other })).failure?.code, "data-loss");
  });

  test("plan lists the options that apply needs in an environment that function or client protects", async () => {
    const assessed: FileAssessment = { statements: [loss, rewrite], isSensitive: true };
    const warned = async (isProtected: boolean, options: object): Promise<string[]> => {
      const assess = () => Promise.resolve([assessed]);
      const engine = engineOf({ protected: isProtected, assess });
      await showPlan(requestOf("plan", options), sessionOf(databaseOf({ files: ["1"] })), engine);
      return warningsOf(engine.events);
    };
    const expected = [
      "needs-allow: dev-3 is protected: apply needs --allow drop-data --allow type-rewrite.",
    ];
    assert.deepEqual(await warned(true, {}), expected);
    assert.deepEqual(await warned(false, { refuseRisks: true }), expected);
    assert.deepEqual(await warned(false, {}), []);
  });

  test("if the examination fails, there is a warning and the plan is run", async () => {
    const engine = engineOf({ assess: () => Promise.reject(new Error("no parser")) });
    const result = await migrate(
      requestOf("apply", { reload: false }),
      sessionOf(
        databaseOf({
          files: ["1"],
          store: storeOf({ run: () => Promise.resolve({ outcome: "done", notices: [] }) }),
        }),
      ),
      engine,
    );
    assert.equal(result.applied, 1);
    assert.deepEqual(warningsOf(engine.events), [
      "not-assessed: The statements of the plan were not examined: no parser",
    ]);
  });
});
