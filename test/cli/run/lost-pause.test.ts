import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { row } from "../../support/failure-cases.ts";
import { lambdaStandIn, returns, streams, type Answer } from "../../support/lambda-stand-in.ts";
import {
  applied,
  finished,
  historyOf,
  item,
  ledgerOperations,
  linesInAnswerTo,
  migrationStarted,
  plan,
  runIdOfCall,
  started,
} from "../../support/run-events.ts";
import { testContext, type TestCliContext } from "../../support/test-context.ts";

const two = ["1700000000200", "drop_legacy_flag"] as const;
const up = { database: "default", version: row[0], name: row[1], change: "up", ms: 300_000 };

/** The service has no streaming. */
const notStreamed = (response: ServerResponse): void =>
  void response.writeHead(404, { "content-type": "application/json" }).end("{}");
/** Takes the request and never answers: the slice lasts longer than the connection is waited for. */
const neverAnswers: Answer = () => undefined;

const buffered =
  (events: readonly object[]): Answer =>
  (response, call) =>
    returns(linesInAnswerTo(call.body, events))(response, call);

const recorded =
  (more: object): Answer =>
  (response, call) =>
    buffered([
      started(),
      { type: "history", runs: [historyOf(runIdOfCall(call.body), more)] },
      finished(0),
    ])(response, call);

const rest = buffered([
  started("dev-3", { operations: ledgerOperations }),
  plan([item(...two)]),
  migrationStarted(...two),
  applied(...two),
  finished(1),
]);

interface Sent {
  readonly runId: string;
  readonly operation: string;
  readonly options: Record<string, unknown>;
}

/** Runs the command; each of the answers that never come is given up when its time is over. */
async function runWith(
  t: TestContext,
  argv: readonly string[],
  answers: readonly Answer[],
): Promise<{ exit: number; context: TestCliContext; sent: Sent[] }> {
  const lambda = await lambdaStandIn(t, answers);
  const context = testContext(t, { argv, env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url } });
  const state = { over: false };
  const running = main(context).finally(() => {
    state.over = true;
  });
  for (const [at, answer] of answers.entries()) {
    if (answer !== neverAnswers) continue;
    while (lambda.calls.length <= at && !state.over)
      await new Promise((resolve) => setImmediate(resolve));
    context.tick(350_000);
  }
  const exit = await running;
  const sent = lambda.calls
    .filter(({ kind }) => kind === "buffered")
    .map(({ body }) => JSON.parse(body) as Sent);
  return { exit, context, sent };
}

describe("a slice whose report did not arrive", () => {
  test("is continued once the ledger shows that the run is paused: exit 0", async (t) => {
    const { exit, context, sent } = await runWith(
      t,
      ["dev-3", "--steps", "2"],
      [
        ...[notStreamed, neverAnswers],
        ...[notStreamed, recorded({ live: true, requestIds: ["r-1"] })],
        ...[notStreamed, recorded({ outcome: "paused", requestIds: ["r-1"], migrations: [up] })],
        ...[notStreamed, rest],
      ],
    );
    assert.equal(exit, 0, context.err.text);
    assert.match(
      context.err.text,
      /The function hasura-migrate-dev-3 did not respond within 350 s/,
    );
    assert.match(context.err.text, /… the ledger shows that the run is paused; continuing/);
    assert.match(context.out.text, / 2 applied in /);
    assert.deepEqual(
      sent.map(({ operation, options }) => [operation, options["steps"]]),
      [
        ["apply", 2],
        ["history", undefined],
        ["history", undefined],
        ["apply", 1],
      ],
    );
    assert.equal(sent[0]?.runId, sent[3]?.runId);
  });

  test("is not sent again while its invocation can still begin: exit 4", async (t) => {
    const paused = {
      type: "run.paused",
      reason: "the client requested short invocations",
      applied: 1,
      notReached: 1,
      tookMs: 240_000,
    };
    const first = [
      started("dev-3", { operations: ledgerOperations }),
      plan([item(...row), item(...two)]),
      migrationStarted(...row),
      applied(...row),
      paused,
    ];
    // Of the first slice: the second one has not been recorded.
    const still = recorded({ outcome: "paused", requestIds: ["r-1"], migrations: [up] });
    const { exit, context, sent } = await runWith(
      t,
      ["dev-3"],
      [
        ...[notStreamed, buffered(first)],
        ...[notStreamed, neverAnswers],
        ...[notStreamed, still],
        ...[notStreamed, still],
      ],
    );
    assert.equal(exit, 4, context.err.text);
    assert.match(
      context.err.text,
      /✗ Run [0-9a-f-]{36} is paused, and there is no sign that it was continued/,
    );
    assert.deepEqual(
      sent.map(({ operation }) => operation),
      ["apply", "apply", "history", "history"],
    );
  });

  test("of a redo is not continued where its migration is not known: exit 4", async (t) => {
    const still = recorded({ operation: "redo", outcome: "paused", requestIds: ["r-1"] });
    const dropped: Answer = (response) => void response.destroy();
    const { exit, context, sent } = await runWith(
      t,
      ["redo", "dev-3", "--yes"],
      [dropped, notStreamed, still, notStreamed, still],
    );
    assert.equal(exit, 4, context.err.text);
    assert.ok(sent.every(({ operation }) => operation === "history"));
  });

  test("of a stream that broke is continued as well", async (t) => {
    const dropped: Answer = (response) => void response.destroy();
    const { exit, context } = await runWith(
      t,
      ["dev-3"],
      [
        dropped,
        (response, call) =>
          streams([
            started(),
            {
              type: "history",
              runs: [
                historyOf(runIdOfCall(call.body), {
                  outcome: "paused",
                  requestIds: ["r-1"],
                  migrations: [up],
                }),
              ],
            },
            finished(0),
          ])(response, call),
        streams([started(), plan([item(...two)]), applied(...two), finished(1)]),
      ],
    );
    assert.equal(exit, 0, context.err.text);
    assert.match(context.out.text, / 2 applied in /);
  });
});
