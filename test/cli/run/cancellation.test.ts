import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, test } from "vitest";
import type { Styled } from "../../../src/cli/output/terminal/styled.ts";
import { localTime } from "../../../src/cli/output/format.ts";
import { main } from "../../../src/cli/main.ts";
import type { CliContext } from "../../../src/cli/context.ts";
import { keys } from "../../support/aws-keys.ts";
import { row } from "../../support/failure-cases.ts";
import {
  beginStream,
  frame,
  lambdaStandIn,
  returns,
  streams,
  type Answer,
  type Call,
} from "../../support/lambda-stand-in.ts";
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

const two = ["1700000000200", "two"] as const;
const begun = [
  started("dev-3", { operations: ledgerOperations }),
  plan([item(...row), item(...two)]),
  migrationStarted(...row),
];
const write = (response: ServerResponse, { body }: Call, events: readonly object[]): void => {
  response.write(frame("PayloadChunk", linesInAnswerTo(body, events)));
};

/** A person who reads, and presses Ctrl-C at each of these words. */
function pressesAt(context: TestCliContext, ...words: string[]): CliContext {
  const writeStyled = (text: Styled): void => {
    context.err.writeStyled(text);
    if (words[0] === undefined || !text.includes(words[0])) return;
    words.shift();
    context.interrupt();
  };
  return { ...context, err: { ...context.err, writeStyled } };
}

describe("cancellation", () => {
  test("the first Ctrl-C asks the run to stop and keeps watching: 130, with what was applied and what was not reached", async (t) => {
    let running: ServerResponse | undefined;
    const lambda = await lambdaStandIn(t, [
      (response, call) => {
        running = response;
        beginStream(response);
        write(response, call, begun);
      },
      (response, call) => {
        void streams([
          started(),
          { type: "cancel.requested", runs: [runIdOfCall(call.body)] },
          finished(0),
        ])(response, call);
        if (!running) return;
        write(running, call, [
          applied(...row),
          { type: "run.finished", applied: 1, notReached: 1, tookMs: 1200, cancelled: true },
        ]);
        running.end(frame("InvokeComplete", "{}"));
      },
    ]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(pressesAt(context, "add_order_notes started")), 130);
    assert.match(
      context.err.text,
      /Stopping after the current migration … Press Ctrl-C again to detach\./,
    );
    assert.match(context.out.text, /cancelled: 1 done, 1 not run/);
    const [run, cancel] = lambda.calls.map(
      ({ body }) => JSON.parse(body) as { runId: string; operation: string; options: object },
    );
    assert.equal(cancel?.operation, "cancel");
    assert.deepEqual(cancel.options, { run: run?.runId });
  });

  test("Ctrl-C cancels a rehearsal in the database, and does not wait for its end", async (t) => {
    const lambda = await lambdaStandIn(t, [
      (response, call) => {
        beginStream(response);
        write(response, call, [started("dev-3", { operations: ledgerOperations }), plan([])]);
      },
      (response, call) =>
        streams([
          started(),
          { type: "cancel.requested", runs: [runIdOfCall(call.body)] },
          finished(0),
        ])(response, call),
    ]);
    const context = testContext(t, {
      argv: ["plan", "dev-3", "--rehearse"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(pressesAt(context, "Hasura v2")), 130);
    assert.match(context.err.text, /Cancelling the rehearsal …/);
    assert.match(
      context.err.text,
      /Interrupted\. The rehearsal was cancelled, and is rolled back\./,
    );
    const [run, cancel] = lambda.calls.map(
      ({ body }) => JSON.parse(body) as { runId: string; operation: string; options: object },
    );
    assert.deepEqual([cancel?.operation, cancel?.options], ["cancel", { run: run?.runId }]);
  });

  const waiting = { type: "waiting", reason: "run", message: "waiting for bob's run", waitedMs: 0 };
  const accepts = (response: ServerResponse, call: Call) =>
    streams([started(), { type: "cancel.requested", runs: [runIdOfCall(call.body)] }, finished(0)])(
      response,
      call,
    );

  interface SecondCtrlC {
    readonly name: string;
    /** What the run has reported by the first Ctrl-C. */
    readonly events: readonly object[];
    readonly at: string;
    readonly says: readonly RegExp[];
    readonly accepts: boolean;
  }

  const seconds: readonly SecondCtrlC[] = [
    {
      name: "a run that accepted the request ends after the current migration",
      events: begun,
      at: "add_order_notes started",
      accepts: true,
      says: [
        /Stop request accepted: the run will end after the current migration\./,
        /· Detached\. The run will stop after the current migration\.\n {2}→ to check on it: hasura-migrate history dev-3 --run [0-9a-f-]{36}$/m,
      ],
    },
    {
      name: "a run that has not confirmed the request may continue, and a hint sends it again",
      events: begun,
      at: "add_order_notes started",
      accepts: false,
      says: [
        /· Detached\. The stop request was not confirmed: the run may continue to its end\.\n {2}→ to stop it: hasura-migrate cancel dev-3 --run [0-9a-f-]{36}$/m,
        /→ to check on it: hasura-migrate history dev-3 --run [0-9a-f-]{36}$/m,
      ],
    },
    {
      name: "a run that is waiting has no migration in progress",
      events: [begun[0] ?? {}, waiting],
      at: "waiting for bob",
      accepts: true,
      says: [
        /Stopping the run; it is waiting, and no migration is in progress … Press Ctrl-C again to detach\./,
        /Stop request accepted: the run will start no further migration\./,
        /Detached\. The run will start no further migration\./,
      ],
    },
  ];

  for (const example of seconds) {
    test(`after the second Ctrl-C, ${example.name}`, async (t) => {
      const lambda = await lambdaStandIn(t, [
        (response, call) => {
          beginStream(response);
          write(response, call, example.events);
        },
        (response, call) => {
          if (example.accepts) void accepts(response, call);
          else context.interrupt();
        },
      ]);
      const context = testContext(t, {
        argv: ["dev-3"],
        env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
      });
      assert.equal(await main(pressesAt(context, example.at, "Stop request accepted")), 130);
      for (const pattern of example.says) assert.match(context.err.text, pattern);
    });
  }

  test("no message claims that a run that has not started was asked to stop", async (t) => {
    const lambda = await lambdaStandIn(t, [
      () => {
        context.interrupt();
        context.interrupt();
      },
    ]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 130);
    assert.match(
      context.err.text,
      /The run will be stopped as soon as it has started\. Press Ctrl-C again to detach\./,
    );
    assert.match(
      context.err.text,
      /Detached\. The run was not asked to stop and may continue to its end\./,
    );
  });

  test("without streaming the run is split into slices of four minutes under one runId, and the newest slice's plan is used", async (t) => {
    const paused = {
      type: "run.paused",
      reason: "four minutes of work are over",
      applied: 1,
      notReached: 1,
      tookMs: 240_000,
    };
    const answer =
      (events: readonly object[]): Answer =>
      (response, call) =>
        returns(linesInAnswerTo(call.body, events))(response, call);
    const unavailable = (response: ServerResponse) =>
      void response.writeHead(404, { "content-type": "application/json" }).end("{}");
    const lambda = await lambdaStandIn(t, [
      unavailable,
      answer([...begun, applied(...row), paused]),
      unavailable,
      answer([
        begun[0] ?? {},
        plan([item(...two)]),
        migrationStarted(...two),
        applied(...two),
        finished(1),
      ]),
    ]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0, context.err.text);
    const sent = lambda.calls
      .filter(({ kind }) => kind === "buffered")
      .map(({ body }) => JSON.parse(body) as { runId: string; options: { sliceMs?: number } });
    assert.deepEqual(
      sent.map(({ options }) => options.sliceMs),
      [240_000, 240_000],
    );
    assert.equal(sent[0]?.runId, sent[1]?.runId);
    assert.match(context.out.text, /2 applied in 4m 01s/);
    assert.match(context.err.text, /… four minutes of work are over; continuing/);
    assert.equal(context.err.text.match(/Hasura v2/g)?.length, 1);
  });

  test("--wait and --no-wait reach the function, in seconds", async (t) => {
    for (const [flags, seconds] of [
      [["--wait", "10m"], 600],
      [["--wait", "30s"], 30],
      [["--no-wait"], 0],
      [[], 60],
    ] as const) {
      const lambda = await lambdaStandIn(t, [streams([started(), finished(0)])]);
      const context = testContext(t, {
        argv: ["dev-3", ...flags],
        terminal: true,
        env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
      });
      assert.equal(await main(context), 0);
      const { options } = JSON.parse(lambda.calls[0]?.body ?? "") as { options: object };
      assert.deepEqual(options, { waitSeconds: seconds });
    }
  });

  test("history fits 60 columns, and one run is shown in full", async (t) => {
    const run = historyOf("0199a7c0-0000-7000-8000-000000000000", {
      outcome: "finished",
      endedAt: "2026-11-24T12:00:02.500Z",
      gitCommit: "9f02d1e77aa0",
      migrations: [
        { database: "default", version: row[0], name: row[1], change: "up", ms: 41 },
        { database: "default", version: row[0], name: row[1], change: "down", ms: 12 },
      ],
    });
    const answer = streams([started(), { type: "history", runs: [run] }, finished(0)]);
    const lambda = await lambdaStandIn(t, [answer, answer]);
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const table = testContext(t, {
      argv: ["history", "dev-3", "--no-color"],
      env,
      terminal: true,
      columns: 60,
    });
    assert.equal(await main(table), 0);
    assert.equal(
      table.out.text,
      `✓ ${localTime("2026-11-24T12:00:00.000Z")}  bob  1 up, 1 down  finished\n  run 0199a7c0-0000  commit 9f02d1e  2.5 s\n`,
    );
    const whole = testContext(t, { argv: ["history", "dev-3", "--run", "0199a7c0"], env });
    assert.equal(await main(whole), 0);
    assert.match(whole.out.text, /by {7}bob on ci-1 \(self-reported\)\n/);
    assert.match(whole.out.text, /1700000000100 {2}add_order_notes {2}down {2}12 ms/);
  });

  const failures: readonly (readonly [string, string, string])[] = [
    [
      "migration/sql-failed",
      'add_discounts: type "numerc" does not exist (SQLSTATE 42704; migrations/default/1_add_discounts/up.sql)',
      'failed: add_discounts: type "numerc" does not exist (SQLSTATE 42704; migrations/default/1_add_discounts/up.sql)',
    ],
    ["busy/another-run", "Another run holds it.", "gave up waiting for another run"],
    ["interrupted/stopped", "The run was cancelled.", "interrupted"],
  ];
  for (const [outcome, failure, words] of failures)
    test(`history reads like a sentence, whole where nothing limits its width: ${outcome}`, async (t) => {
      const run = historyOf("0199a7c0-0000-7000-8000-000000000000", { outcome, failure });
      const answer = streams([started(), { type: "history", runs: [run] }, finished(0)]);
      const lambda = await lambdaStandIn(t, [answer, answer]);
      const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
      const piped = testContext(t, { argv: ["history", "dev-3"], env });
      assert.equal(await main(piped), 0);
      assert.ok(piped.out.text.split("\n")[0]?.endsWith(`apply  ${words}`), piped.out.text);
      const narrow = testContext(t, {
        argv: ["history", "dev-3", "--run", "0199", "--no-color"],
        env,
        terminal: true,
        columns: 50,
      });
      assert.equal(await main(narrow), 0);
      const why = narrow.out.text.slice(narrow.out.text.indexOf("  why")).trimEnd();
      assert.equal(why.replace(/\s+/g, " "), ` why ${failure}`);
      // A path is longer than the room, and is not broken.
      const lines = why.split("\n").filter((line) => !line.includes("up.sql"));
      assert.ok(lines.every((line) => line.length <= 50));
    });

  test("cancel with nothing running reports that and exits with 0", async (t) => {
    const lambda = await lambdaStandIn(t, [
      streams([started(), { type: "cancel.requested", runs: [] }, finished(0)]),
    ]);
    const context = testContext(t, {
      argv: ["cancel", "dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.equal(context.out.text, "Nothing is running in dev-3.\n");
  });
});
