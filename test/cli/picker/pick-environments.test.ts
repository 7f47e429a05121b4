import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, vi, type TestContext } from "vitest";
import * as z from "zod";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { lambdaStandIn, streams, type Answer } from "../../support/lambda-stand-in.ts";
import { finished, item, plan, started } from "../../support/run-events.ts";
import {
  emptyDirectory,
  testContext,
  type TestContextOptions,
} from "../../support/test-context.ts";

const config = {
  environments: { "dev-1": {}, "dev-2": {}, prod: { protected: true } },
  groups: { dev: ["dev-1", "dev-2"] },
};

const Sent = z.object({ environment: z.string(), operation: z.string() });

/** Answers status with nothing pending, and anything else with an empty run. */
const answers: Answer = (response, call) => {
  const { environment, operation } = Sent.parse(JSON.parse(call.body));
  const status = { type: "status", databases: [], applied: 0, pending: 0 };
  return streams(
    operation === "status"
      ? [started(environment, { operation }), status, finished(0)]
      : [started(environment, { operation }), plan([item("1700000000001", "init")]), finished(0)],
  )(response, call);
};

async function opened(
  t: TestContext,
  argv: readonly string[],
  more: Partial<TestContextOptions> = {},
) {
  const cwd = more.cwd ?? emptyDirectory(t);
  writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify(config));
  const lambda = await lambdaStandIn(
    t,
    Array.from({ length: 20 }, () => answers),
  );
  const env = { ...keys, AWS_REGION: "eu-west-1", AWS_ENDPOINT_URL_LAMBDA: lambda.url };
  const context = testContext(t, {
    argv,
    terminal: true,
    ...more,
    cwd,
    env: { ...env, ...more.env },
  });
  const ended = main(context);
  const sent = () =>
    lambda.calls
      .map(({ body }) => Sent.parse(JSON.parse(body)))
      .filter(({ operation }) => operation !== "status")
      .map(({ environment, operation }) => `${operation} ${environment}`);
  return { context, ended, sent, cwd };
}

describe("a command without an environment, in a terminal", () => {
  test("runs for the one that is chosen from the list", async (t) => {
    const { context, ended, sent } = await opened(t, ["plan"]);
    await context.press("down", "return");
    assert.equal(await ended, 0, context.err.text);
    assert.deepEqual(sent(), ["plan dev-2"]);
    assert.match(context.err.text, /Plan for which environment\?/);
    assert.equal(context.listensForKeys(), false);
  });

  test("begins with the one that was chosen last in this project", async (t) => {
    const home = emptyDirectory(t);
    const first = await opened(t, ["plan"], { home });
    await first.context.press("2", "return");
    assert.equal(await first.ended, 0);
    const again = await opened(t, ["plan"], { home, cwd: first.cwd });
    await again.context.press("return");
    assert.equal(await again.ended, 0);
    assert.deepEqual(again.sent(), ["plan dev-2"]);
    const elsewhere = await opened(t, ["plan"], { home });
    await elsewhere.context.press("return");
    assert.equal(await elsewhere.ended, 0);
    assert.deepEqual(elsewhere.sent(), ["plan dev-1"]);
  });

  test("begins with the one that was typed last in this project, by a person", async (t) => {
    const home = emptyDirectory(t);
    const typed = await opened(t, ["plan", "dev-2"], { home });
    assert.equal(await typed.ended, 0);
    const { cwd } = typed;
    for (const [argv, more] of [
      [["plan", "prod"], { env: { CI: "true" } }],
      [["plan", "prod"], { terminal: false }],
      [["plan", "prdo"], {}],
    ] as const)
      await (
        await opened(t, argv, { ...more, home, cwd })
      ).ended;
    const again = await opened(t, ["plan"], { home, cwd });
    await again.context.press("return");
    assert.equal(await again.ended, 0);
    assert.deepEqual(again.sent(), ["plan dev-2"]);
  });

  test("a cache that cannot be written does not fail a command", async (t) => {
    const home = emptyDirectory(t);
    writeFileSync(join(home, ".cache"), "");
    const { ended, context } = await opened(t, ["plan", "dev-2"], { home });
    assert.equal(await ended, 0, context.err.text);
  });

  test("runs for a group and for all", async (t) => {
    const group = await opened(t, ["plan"]);
    await group.context.press("down", "down", "down", "return");
    assert.equal(await group.ended, 0, group.context.err.text);
    assert.deepEqual(group.sent().sort(), ["plan dev-1", "plan dev-2"]);
    const all = await opened(t, ["plan"]);
    await all.context.press("up", "return");
    assert.equal(await all.ended, 0, all.context.err.text);
    assert.deepEqual(all.sent().sort(), ["plan dev-1", "plan dev-2", "plan prod"]);
  });

  test("still asks for the name of a protected one", async (t) => {
    const { context, ended, sent } = await opened(t, [], { types: ["no"] });
    await context.press("p", "r", "o", "d", "return");
    assert.equal(await ended, 2, context.err.text);
    assert.deepEqual(
      sent().filter((call) => call !== "apply prod"),
      [],
    );
    assert.match(context.asked.join("\n"), /Type prod to/);
  });

  test("Ctrl-C closes the list: exit code 130, and nothing was run", async (t) => {
    const { context, ended, sent } = await opened(t, []);
    await context.press("down");
    context.interrupt();
    assert.equal(await ended, 130);
    assert.deepEqual(sent(), []);
    assert.equal(context.listensForKeys(), false);
    // The lines are erased, and the cursor is visible again.
    const [, after = ""] = context.err.text.split("\u001b[?25h");
    assert.match(after, /Interrupted/);
    assert.ok(!after.includes("which environment"), after);
  });

  test("leaving the list ends a credential process that it has started", async (t) => {
    const home = emptyDirectory(t);
    mkdirSync(join(home, ".aws"));
    writeFileSync(join(home, ".aws/config"), "[profile dev-1]\ncredential_process = slow\n");
    const cwd = emptyDirectory(t);
    writeFileSync(join(cwd, "hasura-migrate.json"), '{"environments":{"dev-1":{}}}');
    const env = { AWS_REGION: "eu-west-1" };
    const context = testContext(t, { argv: ["plan"], terminal: true, home, cwd, env });
    const started = new Promise<AbortSignal>((resolve) => {
      const runShell = (_: string, signal: AbortSignal): Promise<string> => {
        resolve(signal);
        return new Promise((__, reject) =>
          signal.addEventListener("abort", () => reject(new Error("killed"))),
        );
      };
      void main({ ...context, runShell });
    });
    const signal = await started;
    assert.equal(signal.aborted, false);
    await context.press("escape");
    await vi.waitFor(() => assert.equal(signal.aborted, true));
  });

  test("Esc leaves the list: exit code 2, and nothing was run", async (t) => {
    const { context, ended, sent } = await opened(t, []);
    await context.press("escape");
    assert.equal(await ended, 2);
    assert.deepEqual(sent(), []);
    assert.match(context.err.text, /No environment was chosen/);
  });

  test.for([
    ["in CI", { env: { CI: "true" } }, []],
    ["without a terminal", { terminal: false }, []],
    ["with --json", {}, ["--json"]],
  ] as const)("%s it is an error, as before", async ([, more, argv], t) => {
    const { context, ended, sent } = await opened(t, argv, more);
    assert.equal(await ended, 2);
    assert.deepEqual(sent(), []);
    assert.match(context.err.text + context.out.text, /No environment given/);
  });
});
