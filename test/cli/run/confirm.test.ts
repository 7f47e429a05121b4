import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import {
  applied,
  failedRun,
  finished,
  item,
  plan,
  started,
  status,
} from "../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const keys = {
  AWS_ACCESS_KEY_ID: "AKIA",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_REGION: "eu-west-1",
  CI: "",
};

interface Case {
  readonly name: string;
  readonly argv: readonly string[];
  readonly terminal?: boolean;
  /** False where stderr alone is not a terminal. */
  readonly errTerminal?: boolean;
  readonly types?: readonly string[];
  readonly exit: number;
  readonly asked?: readonly string[];
  readonly says?: RegExp;
  /** The plan of a dry run, where one is shown first. */
  readonly shown?: readonly object[];
  /** Sent with the request; absent when nothing may have been sent but a dry run. */
  readonly confirm?: string | null;
}

const down = (version: string, name: string): object =>
  item(version, name, {
    ...{ direction: "down", lines: 3 },
    ...{ appliedAt: "2026-11-23T09:30:00.000Z", appliedBy: "bob" },
  });
const fingerprint = "f00d";
const preview = (items: readonly object[]): object => ({
  ...plan(items),
  ...{ dryRun: true, fingerprint },
});
const note = down("1700000000100", "add_note");

const cases: readonly Case[] = [
  {
    name: "apply to a plain environment asks nothing",
    argv: ["dev-1"],
    terminal: true,
    exit: 0,
    asked: [],
    confirm: null,
  },
  {
    name: "down asks y/N",
    argv: ["down", "dev-1", "2"],
    terminal: true,
    types: ["y"],
    shown: [preview([down("1700000000200", "wip"), note])],
    exit: 0,
    asked: ["Roll back 2 migrations on dev-1? [y/N] "],
    says: /2 to roll back in default \(postgres\), 214 applied\n {2}1700000000200 {2}wip +down {2}3 lines {2}applied 2026-11-23 \d\d:\d\d by bob\n/,
    confirm: null,
  },
  {
    name: "down takes an empty answer for a no",
    argv: ["down", "dev-1"],
    terminal: true,
    types: [""],
    shown: [preview([note])],
    exit: 2,
    asked: ["Roll back 1700000000100 add_note on dev-1? [y/N] "],
    says: /^· Nothing was changed\.$/m,
  },
  {
    name: "down without a terminal names the flag",
    argv: ["down", "dev-1"],
    exit: 2,
    asked: [],
    says: /^ {2}→ hasura-migrate down dev-1 --yes$/m,
  },
  {
    name: "down with nothing to roll back asks nothing",
    argv: ["down", "dev-1"],
    terminal: true,
    shown: [preview([])],
    exit: 0,
    asked: [],
  },
  {
    name: "redo names the one that was applied last",
    argv: ["redo", "dev-1"],
    terminal: true,
    types: ["yes"],
    shown: [preview([note, item("1700000000100", "add_note")])],
    exit: 0,
    asked: ["Roll back 1700000000100 add_note on dev-1 and apply it again? [y/N] "],
    confirm: null,
  },
  {
    name: "redo of a migration that a failed redo left pending announces that it is only applied",
    argv: ["redo", "dev-1", "1700000000100"],
    terminal: true,
    types: ["y"],
    shown: [preview([item("1700000000100", "add_note")])],
    exit: 0,
    asked: ["Apply 1700000000100 add_note on dev-1? It has already been rolled back. [y/N] "],
    confirm: null,
  },
  {
    name: "reset-to counts what it rolls back and applies",
    argv: ["reset-to", "dev-1"],
    terminal: true,
    types: ["y"],
    shown: [preview([down("1700000000300", "wip"), note, item("1700000000200", "tags")])],
    exit: 0,
    asked: ["Reset dev-1: roll back 2, apply 1? [y/N] "],
    says: /2 to roll back, 1 to apply in default \(postgres\), 214 applied\n/,
    confirm: null,
  },
  {
    name: "reset-to that only applies counts no rollback",
    argv: ["reset-to", "dev-1"],
    terminal: true,
    types: [""],
    shown: [preview([item("1700000000200", "tags")])],
    exit: 2,
    asked: ["Reset dev-1: apply 1? [y/N] "],
  },
  {
    name: "mark --in-doubt asks once for all",
    argv: ["mark", "dev-1", "--in-doubt", "--applied"],
    terminal: true,
    types: ["y"],
    shown: [
      {
        ...status(
          Array.from({ length: 214 }, (_, i) => ({
            ...{ version: String(1000 + i), name: "old", state: "dirty" },
            evidence: [{ object: "table users", exists: i > 3 }],
          })),
        ),
        fingerprint,
      },
    ],
    exit: 0,
    asked: ["Record 214 versions on dev-1 as applied? [y/N] "],
    says: /default.* \(postgres\): 214 versions\n {2}210 {2}everything that the file creates is in the database\n {7}1004 … 1213\n {4}4 {2}nothing that the file creates is in the database\n {7}1000 … 1003\n/,
    confirm: null,
  },
  {
    name: "down of the embedded environment without a terminal is refused",
    argv: ["down", "local", "2"],
    exit: 2,
    asked: [],
    says: /"Roll back the last 2 migrations of local\?" needs an answer, but there is no terminal to prompt in\.\n {2}→ hasura-migrate down local 2 --yes\n/,
  },
  {
    name: "redo in a database of one's own asks, also as local",
    argv: ["redo", "local", "--database-url", "postgres://me:pass@127.0.0.1/mine"],
    exit: 2,
    asked: [],
    says: /→ hasura-migrate redo local --database-url postgres:\/\/me:PASSWORD@127\.0\.0\.1\/mine --yes\n/,
  },
  {
    name: "a question that would go to a file is not asked",
    argv: ["down", "dev-1"],
    terminal: true,
    errTerminal: false,
    types: ["y"],
    exit: 2,
    asked: [],
    says: /needs an answer, but there is no terminal to prompt in\./,
  },
  {
    name: "down --yes does not ask, and confirms nothing where the function is protected",
    argv: ["down", "dev-1", "--yes"],
    exit: 0,
    asked: [],
    confirm: null,
  },
  {
    name: "down --dry-run does not ask",
    argv: ["down", "dev-1", "--dry-run"],
    exit: 0,
    asked: [],
    confirm: null,
  },
  {
    name: "a protected environment requires its name to be typed",
    argv: ["prod"],
    terminal: true,
    types: ["prod"],
    shown: [preview([item("1", "a"), item("2", "b"), item("3", "c")])],
    exit: 0,
    asked: ["Type prod to apply 3 migrations: "],
    confirm: "prod",
  },
  {
    name: "a wrong name changes nothing",
    argv: ["prod"],
    terminal: true,
    types: ["y"],
    shown: [preview([item("1", "a")])],
    exit: 2,
    asked: ["Type prod to apply 1 a: "],
    says: /^· "y" does not match the environment's name, prod; nothing was changed\.$/m,
  },
  {
    name: "protected without a terminal names the flag",
    argv: ["prod"],
    exit: 2,
    asked: [],
    says: /^ {2}→ hasura-migrate prod --yes=prod$/m,
  },
  {
    name: "a bare --yes is refused where protected",
    argv: ["prod", "--yes"],
    terminal: true,
    exit: 2,
    asked: [],
    says: /--yes alone is not enough; pass the environment's name with it\.\n {2}→ hasura-migrate prod --yes=prod\n/,
  },
  {
    name: "--yes=NAME is enough, and is sent along",
    argv: ["prod", "--yes=prod"],
    exit: 0,
    asked: [],
    confirm: "prod",
  },
  {
    name: "a line copied from another environment is refused",
    argv: ["prod", "--yes=staging"],
    exit: 2,
    asked: [],
    says: /--yes=staging does not match the environment prod\./,
  },
  {
    name: "with --json nobody is asked",
    argv: ["prod", "--json"],
    terminal: true,
    exit: 2,
    asked: [],
  },
  {
    name: "reading a protected environment asks nothing",
    argv: ["plan", "prod"],
    exit: 0,
    asked: [],
    confirm: null,
  },
];

/** The options of a request, in the parts that a confirmation is about. */
function optionsOf(body: string): { dryRun?: boolean; confirm?: string; expectedPlan?: string } {
  return (JSON.parse(body) as { options: object }).options;
}

function sentOptions(body: string): object {
  const { dryRun = false, confirm = null, expectedPlan = null } = optionsOf(body);
  return { dryRun, confirm, expectedPlan };
}

describe("confirm", () => {
  for (const example of cases) {
    test(example.name, async (t) => {
      const { shown } = example;
      const isDry = example.argv.includes("--dry-run");
      const isSent = example.confirm !== undefined;
      const lambda = await lambdaStandIn(t, [
        ...(shown ? [streams([started(), ...shown, finished(0)])] : []),
        ...(isSent ? [streams([started(), finished(0)])] : []),
      ]);
      const context = testContext(t, {
        argv: example.argv,
        cwd: project(t),
        columns: 100,
        ...(example.terminal !== undefined && { terminal: example.terminal }),
        ...(example.types && { types: example.types }),
        env: { ...keys, NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
      });
      const { errTerminal = context.err.isTTY } = example;
      Object.assign(context.err, { isTTY: errTerminal });
      assert.equal(await main(context), example.exit, context.err.text);
      if (example.asked) assert.deepEqual(context.asked, example.asked);
      if (example.says) assert.match(context.err.text, example.says);
      // Refusals come before any call of AWS; a question comes after a dry run, and goes with its plan.
      const dryRun = { dryRun: true, confirm: null, expectedPlan: null };
      const { confirm = null } = example;
      const real = { dryRun: isDry, confirm, expectedPlan: shown ? fingerprint : null };
      assert.deepEqual(
        lambda.calls.map(({ body }) => sentOptions(body)),
        [...(shown ? [dryRun] : []), ...(isSent ? [real] : [])],
      );
    });
  }

  const changed = streams([
    started(),
    failedRun({
      ...{ kind: "busy", code: "plan-changed", message: "The plan has changed." },
      hints: [{ kind: "retry" }],
    }),
  ]);
  const shows = (version: string, plan: string) =>
    streams([
      started(),
      { ...preview([down(version, "x")]), fingerprint: plan },
      { type: "log", level: "warning", code: "missing-files", message: "A file is missing." },
      finished(0),
    ]);

  async function rollsBack(t: TestContext, answers: Parameters<typeof lambdaStandIn>[1]) {
    const lambda = await lambdaStandIn(t, answers);
    const context = testContext(t, {
      argv: ["down", "dev-1"],
      cwd: project(t),
      terminal: true,
      types: ["y", "y", "y", "y"],
      env: { ...keys, NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    const exit = await main(context);
    return { exit, context, sent: lambda.calls.map(({ body }) => optionsOf(body).expectedPlan) };
  }

  test("a plan that has changed since it was shown is shown and asked about again", async (t) => {
    const done = streams([started(), applied("2", "x"), finished(1)]);
    const answers = [shows("1", "first"), changed, shows("2", "second"), done];
    const { exit, context, sent } = await rollsBack(t, answers);
    assert.equal(exit, 0);
    assert.deepEqual(sent, [undefined, "first", undefined, "second"]);
    assert.deepEqual(context.asked, [
      "Roll back 1 x on dev-1? [y/N] ",
      "Roll back 2 x on dev-1? [y/N] ",
    ]);
    assert.match(context.err.text, /! The plan has changed\. This is the new one:/);
    assert.equal(context.err.text.split("A file is missing.").length, 2, "printed once");
    assert.equal(context.err.text.split("Hasura v2.45.1").length, 2, "one banner");
  });

  const lossy = item("1700000000100", "drop_orders", {
    statements: [
      {
        ...{ line: 1, table: "orders", effect: "data-loss", rows: 1200, bytes: 90_000 },
        ...{ loses: { what: "table", name: "orders" }, blocks: "reads and writes" },
        ...{ rules: ["drop-data"], risk: "data-loss", needs: ["drop-data"] },
      },
    ],
  });
  const lossRefused = streams([
    started(),
    failedRun({ kind: "usage", code: "data-loss", message: "The plan would lose data in dev-1." }),
  ]);

  test("apply that would lose data shows the loss, asks, and sends the plan's fingerprint", async (t) => {
    const lambda = await lambdaStandIn(t, [
      lossRefused,
      streams([started(), preview([lossy]), finished(0)]),
      streams([started(), plan([lossy]), finished(1)]),
    ]);
    const context = testContext(t, {
      ...{ argv: ["dev-1"], cwd: project(t), terminal: true, types: ["y"], columns: 100 },
      env: { ...keys, NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0, context.err.text);
    assert.deepEqual(context.asked, [
      "Apply 1700000000100 drop_orders on dev-1? 1 statement loses data. [y/N] ",
    ]);
    assert.match(
      context.err.text,
      /line 1: drops the table orders: 1\.2 k rows, 90 kB; blocks reads and writes \[drop-data\]/,
    );
    assert.deepEqual(
      lambda.calls.map(({ body }) => sentOptions(body)),
      [
        { dryRun: false, confirm: null, expectedPlan: null },
        { dryRun: true, confirm: null, expectedPlan: null },
        { dryRun: false, confirm: null, expectedPlan: fingerprint },
      ],
    );
  });

  test("a question is broken between words where the terminal is narrow", async (t) => {
    const lambda = await lambdaStandIn(t, [
      lossRefused,
      streams([started(), preview([lossy]), finished(0)]),
      streams([started(), plan([lossy]), finished(1)]),
    ]);
    const context = testContext(t, {
      ...{ argv: ["dev-1"], cwd: project(t), terminal: true, types: ["y"], columns: 40 },
      env: { ...keys, NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0, context.err.text);
    assert.deepEqual(context.asked, [
      "Apply 1700000000100 drop_orders on\ndev-1? 1 statement loses data. [y/N] ",
    ]);
  });

  test("apply that would lose data fails where nobody can be asked", async (t) => {
    const lambda = await lambdaStandIn(t, [lossRefused]);
    const context = testContext(t, {
      ...{ argv: ["dev-1"], cwd: project(t) },
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 2, context.err.text);
    assert.match(context.err.text, /The plan would lose data in dev-1\./);
    assert.equal(lambda.calls.length, 1);
  });

  test("--yes and --allow are sent, and a rule that cannot be allowed is refused", async (t) => {
    const lambda = await lambdaStandIn(t, [streams([started(), finished(0)])]);
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const argv = ["dev-1", "--yes", "--allow", "drop-data", "--allow=mass-change"];
    const context = testContext(t, { argv, cwd: project(t), env });
    assert.equal(await main(context), 0, context.err.text);
    const [{ body } = { body: "{}" }] = lambda.calls;
    assert.match(body, /"allow":\["drop-data","mass-change"\]/);
    assert.match(body, /"yes":true/);
    assert.doesNotMatch(body, /"confirm"/);
    const wrong = testContext(t, { argv: ["dev-1", "--allow", "rename"], cwd: project(t), env });
    assert.equal(await main(wrong), 2);
    assert.match(wrong.err.text, /--allow: .* Possible are column-rewrite, /);
  });

  test("a plan that keeps changing is given up after three questions", async (t) => {
    const answers = ["1", "2", "3"].flatMap((version) => [shows(version, version), changed]);
    const { exit, context } = await rollsBack(t, answers);
    assert.equal(exit, 5);
    assert.equal(context.asked.length, 3);
    assert.match(context.err.text, /✗ The plan has changed\.\n {2}→ hasura-migrate down dev-1\n/);
  });

  test("a dry run that fails ends the command without a question", async (t) => {
    const failure = { kind: "usage", code: "no-down-file", message: "No down file.", hints: [] };
    const { exit, context } = await rollsBack(t, [streams([started(), failedRun(failure)])]);
    assert.equal(exit, 2);
    assert.deepEqual(context.asked, []);
    assert.match(context.err.text, /✗ No down file\./);
  });

  test("a rehearsal is refused where only the configuration protects the environment, and nothing is sent", async (t) => {
    const lambda = await lambdaStandIn(t, []);
    const context = testContext(t, {
      argv: ["plan", "prod", "--rehearse", "--json"],
      cwd: project(t),
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 2);
    assert.match(context.out.text, /"code":"rehearsal-refused"/);
    assert.deepEqual(lambda.calls, []);
  });

  test("Ctrl-C at the question is an interruption, not a no", async (t) => {
    const lambda = await lambdaStandIn(t, [shows("1", "first")]);
    const context = testContext(t, {
      argv: ["down", "dev-1"],
      cwd: project(t),
      terminal: true,
      env: { ...keys, NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    context.keyboard.ask = async () => {
      context.interrupt();
      return undefined;
    };
    assert.equal(await main(context), 130);
    assert.match(context.err.text, /Interrupted; nothing was changed\./);
  });
});

function project(t: TestContext): string {
  const directory = emptyDirectory(t);
  writeFileSync(
    join(directory, "hasura-migrate.json"),
    JSON.stringify({ environments: { "dev-1": {}, prod: { protected: true } } }),
  );
  return directory;
}
