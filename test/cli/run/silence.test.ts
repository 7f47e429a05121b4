import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { row } from "../../support/failure-cases.ts";
import {
  beginStream,
  frame,
  lambdaStandIn,
  refuses,
  streams,
  type Answer,
  type Call,
} from "../../support/lambda-stand-in.ts";
import {
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

const begun = [
  started("dev-3", { operations: ledgerOperations }),
  plan([item(...row)]),
  migrationStarted(...row),
];
const up = { database: "default", version: row[0], name: row[1], change: "up", ms: 41 };

/** Sends the events, then nothing more, and closes nothing: a proxy that swallows the rest. */
const swallows =
  (events: readonly object[]): Answer =>
  (response, { body }) => {
    beginStream(response);
    response.write(frame("PayloadChunk", linesInAnswerTo(body, events)));
  };
/** Takes the request and never answers. */
const takes: Answer = () => undefined;

const finishedRun: Answer = (response, call) =>
  streams([
    started(),
    {
      type: "history",
      runs: [historyOf(runIdOfCall(call.body), { outcome: "finished", migrations: [up] })],
    },
    finished(0),
  ])(response, call);

interface Silence {
  readonly argv?: readonly string[];
  readonly answers: readonly Answer[];
  /** The timers that run out, one after another: each in milliseconds, and after how many calls of the service. */
  readonly passes: readonly (readonly [ms: number, calls: number])[];
}

/** Runs the command; a timer of that length fires once the call that it belongs to has been made and is quiet. */
async function runThrough(
  t: TestContext,
  { argv = ["dev-3"], answers, passes }: Silence,
): Promise<{ exit: number; context: TestCliContext; calls: readonly Call[] }> {
  const lambda = await lambdaStandIn(t, answers);
  const context = testContext(t, {
    argv,
    env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
  });
  const state = { over: false };
  const running = main(context).finally(() => {
    state.over = true;
  });
  for (const [ms, count] of passes) {
    await context.waitsFor(ms, () => state.over);
    while (lambda.calls.length < count && !state.over)
      await new Promise((resolve) => setImmediate(resolve));
    context.tick(ms);
  }
  return { exit: await running, context, calls: lambda.calls };
}

describe("silence", () => {
  test("a stream that is silent for 35 s counts as broken, and the run is looked up", async (t) => {
    const { exit, context, calls } = await runThrough(t, {
      answers: [swallows(begun), finishedRun],
      passes: [[35_000, 1]],
    });
    assert.equal(exit, 0, context.err.text);
    assert.match(context.err.text, /may still be running\. Looking up run/);
    assert.match(context.err.text, /Recovered the result from the ledger; nothing was run twice\./);
    assert.equal(calls.length, 2);
  });

  test("a silent stream of a command that changes nothing is reported, with exit code 4", async (t) => {
    const { exit, context } = await runThrough(t, {
      argv: ["status", "dev-3"],
      answers: [swallows([started()])],
      passes: [[35_000, 1]],
    });
    assert.equal(exit, 4);
    assert.match(
      context.err.text,
      /Nothing arrived for 35 s, although the function sends something every 10 s\./,
    );
  });

  test("a function that never answers is given up after a minute, and the run is looked up", async (t) => {
    const { exit, context } = await runThrough(t, {
      answers: [takes, finishedRun],
      passes: [
        [1000, 1],
        [60_000, 1],
      ],
    });
    assert.equal(exit, 0, context.err.text);
    assert.match(context.err.text, /starting the function hasura-migrate-dev-3 …/);
    assert.match(
      context.err.text,
      /The function hasura-migrate-dev-3 did not respond within 60 s; it may be running\. Looking up run/,
    );
  });

  test("an unanswered query about a run is repeated", async (t) => {
    const { exit, context } = await runThrough(t, {
      answers: [swallows(begun), takes, swallows([started()]), finishedRun],
      passes: [
        [35_000, 1],
        [90_000, 2],
        [35_000, 3],
      ],
    });
    assert.equal(exit, 0, context.err.text);
    assert.match(context.err.text, /could not look up the run: No response within 90 s\./);
  });

  test("a buffered answer is waited for as long as its slice may take", async (t) => {
    const { exit, context } = await runThrough(t, {
      answers: [refuses(404, "UnknownOperationException", ""), takes, finishedRun],
      passes: [[350_000, 2]],
    });
    assert.equal(exit, 0, context.err.text);
    assert.match(
      context.err.text,
      /The function hasura-migrate-dev-3 did not respond within 350 s/,
    );
  });

  test("a function that crashes on every query is queried five times", async (t) => {
    const crash = streams([], {
      ErrorCode: "Unhandled",
      ErrorDetails: '{"errorType":"Runtime.ExitError","errorMessage":"exit status 1"}',
    });
    const { exit, calls } = await runThrough(t, {
      answers: [swallows(begun), crash, crash, crash, crash, crash],
      passes: [[35_000, 1]],
    });
    assert.equal(exit, 4);
    assert.equal(calls.length, 6);
  });

  for (const argv of [["local"], ["local", "--serve"]])
    test(`a local environment that does not start is given up: ${argv.join(" ")}`, async (t) => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      t.onTestFinished(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const url = `postgres://127.0.0.1:${String(port)}/d`;
      const context = testContext(t, { argv: [...argv, "--database-url", url] });
      mkdirSync(join(context.cwd, "migrations"));
      const running = main(context);
      for (const ms of [1000, 180_000]) {
        await context.waitsFor(ms, () => false);
        context.tick(ms);
      }
      assert.equal(await running, 4, context.err.text);
      assert.match(context.err.text, /starting the local environment …/);
      assert.match(context.err.text, /The local environment did not start within 180 s/);
    });

  for (const argv of [["local"], ["local", "--serve"]]) {
    test(`a local environment that does not start because of Ctrl-C is no failure: ${argv.join(" ")}`, async (t) => {
      const sockets: Socket[] = [];
      const server = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
      await once(server, "listening");
      t.onTestFinished(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const url = `postgres://127.0.0.1:${String(port)}/d`;
      const context = testContext(t, { argv: [...argv, "--database-url", url] });
      mkdirSync(join(context.cwd, "migrations"));
      const running = main(context);
      if (sockets.length === 0) await once(server, "connection");
      context.interrupt();
      // Ctrl-C ends what this process has started, too.
      server.on("connection", (socket) => socket.destroy());
      for (const socket of sockets) socket.destroy();
      assert.equal(await running, 130, context.err.text);
      assert.match(context.err.text, /Interrupted; the local environment was not started\./);
    });

    test(`nothing is started after Ctrl-C: ${argv.join(" ")}`, async (t) => {
      const url = "postgres://127.0.0.1:9/d";
      const context = testContext(t, { argv: [...argv, "--database-url", url] });
      mkdirSync(join(context.cwd, "migrations"));
      context.interrupt();
      assert.equal(await main(context), 130, context.err.text);
      assert.doesNotMatch(context.err.text, /127\.0\.0\.1:9/);
    });
  }
});
