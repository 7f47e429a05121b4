import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { finished, historyOf, ledgerOperations, started } from "../../support/run-events.ts";
import { assertIncludes } from "../../support/partial.ts";
import { testContext, type TestCliContext } from "../../support/test-context.ts";

const knownRun = "0199a7c0-1111-7000-8000-000000000000";

async function asked(
  t: TestContext,
  argv: readonly string[],
  answer: object,
): Promise<{ context: TestCliContext; exit: number; options: unknown }> {
  const events = [started("dev-3", { operations: ledgerOperations }), answer, finished(0)];
  const lambda = await lambdaStandIn(t, [streams(events)]);
  const context = testContext(t, { argv, env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url } });
  const exit = await main(context);
  const { options } = JSON.parse(lambda.calls[0]?.body ?? "{}") as { options?: unknown };
  return { context, exit, options };
}

const noRuns = { type: "history", runs: [] };
const nothingToCancel = { type: "cancel.requested", runs: [] };

describe("a run that is not there", () => {
  test("history --run names the id that no run has, and the command that lists the runs: exit 2", async (t) => {
    const { context, exit } = await asked(t, ["history", "dev-3", "--run", "01a2b3"], noRuns);
    assert.equal(exit, 2);
    assert.equal(context.out.text, "");
    assert.match(context.err.text, /✗ No run in dev-3 has an id that begins with 01a2b3\.$/m);
    assert.match(context.err.text, /→ to list the runs: hasura-migrate history dev-3$/m);
  });

  test("with --json the last line is the failure, with the exit code", async (t) => {
    const { context, exit } = await asked(
      t,
      ["history", "dev-3", "--run", "01a2b3", "--json"],
      noRuns,
    );
    assert.equal(exit, 2);
    const lines = context.out.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; exit?: number; failure?: object });
    assert.deepEqual(
      lines.map(({ type }) => type).filter((type) => type !== "log"),
      ["run.started", "history", "failure"],
    );
    assert.equal(lines.at(-1)?.exit, 2);
    assertIncludes(lines.at(-1)?.failure, {
      kind: "usage",
      code: "run-unknown",
      hints: [{ kind: "command", argv: ["hasura-migrate", "history", "dev-3"] }],
    });
  });

  test("cancel --run is not a success if no such run is in progress: exit 2", async (t) => {
    const { context, exit } = await asked(
      t,
      ["cancel", "dev-3", "--run", "01a2b3"],
      nothingToCancel,
    );
    assert.equal(exit, 2);
    assert.equal(context.out.text, "");
    assert.match(
      context.err.text,
      /No run in progress in dev-3 has an id that begins with 01a2b3; nothing was stopped\./,
    );
  });

  test("an empty list is a valid result if no run was named: exit 0", async (t) => {
    const history = await asked(t, ["history", "dev-3"], noRuns);
    assert.equal(history.exit, 0);
    assert.match(history.context.out.text, /No runs yet\./);
    const cancel = await asked(t, ["cancel", "dev-3"], nothingToCancel);
    assert.equal(cancel.exit, 0);
    assert.match(cancel.context.out.text, /Nothing is running in dev-3\./);
  });

  test("an id in upper case matches the one recorded in lower case", async (t) => {
    const { exit, options } = await asked(t, ["history", "dev-3", "--run", "0199A7C0-11"], {
      type: "history",
      runs: [historyOf(knownRun)],
    });
    assert.equal(exit, 0);
    assert.deepEqual(options, { run: "0199a7c0-11" });
  });
});
