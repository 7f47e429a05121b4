import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { row, broken } from "../../support/failure-cases.ts";
import {
  lambdaStandIn,
  refuses,
  returns,
  streams,
  type Answer,
  type StandIn,
} from "../../support/lambda-stand-in.ts";
import {
  applied,
  finished,
  historyOf,
  item,
  ledgerOperations,
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
const cut = broken(begun, (response) => response.destroy());
const crashed = streams(begun, {
  ErrorCode: "Unhandled",
  ErrorDetails: '{"errorMessage":"2026 r Task timed out after 900.00 seconds"}',
});

/** What the ledger says of the run that asks. */
const ledgerShows =
  (more: object): Answer =>
  (response, call) =>
    streams([
      started(),
      { type: "history", runs: [historyOf(runIdOfCall(call.body), more)] },
      finished(0),
    ])(response, call);
const dropped: Answer = (response) => void response.destroy();
const hasNone = streams([
  started(),
  {
    type: "run.failed",
    applied: 0,
    notReached: 0,
    tookMs: 1,
    failure: {
      kind: "usage",
      code: "needs-ledger",
      message: "history needs a ledger, and dev-3 has none yet.",
      hints: [],
      causes: [],
    },
  },
]);
const knowsNothing = streams([started(), { type: "history", runs: [] }, finished(0)]);
const up = { database: "default", version: row[0], name: row[1], change: "up", ms: 41 };

const cases: readonly {
  name: string;
  answers: readonly Answer[];
  exit: number;
  slept: number[];
  says: RegExp[];
}[] = [
  {
    name: "a run that goes on is followed to its end",
    answers: [
      cut,
      ledgerShows({ live: true, activity: "1700000000100 add_order_notes (pid 5120)" }),
      ledgerShows({ live: true, activity: "1700000000100 add_order_notes (pid 5120)" }),
      ledgerShows({ outcome: "finished", endedAt: "2026-11-24T12:06:00.000Z", migrations: [up] }),
    ],
    exit: 0,
    slept: [1000, 2000],
    says: [
      /! The connection broke after .*; the function may still be running\. Looking up run [0-9a-f-]{36} in dev-3 …/,
      /still running: 1700000000100 add_order_notes \(pid 5120\)/,
      /nothing was run twice\./,
    ],
  },
  {
    name: "a run that failed ends with its kind's code",
    answers: [cut, ledgerShows({ outcome: "migration/sql-failed" })],
    exit: 1,
    slept: [],
    says: [
      /failed \(migration\/sql-failed\)/,
      /→ to see what it did: hasura-migrate history dev-3 --run/,
    ],
  },
  {
    name: "a run whose failure is in the ledger ends with its words",
    answers: [
      cut,
      ledgerShows({ outcome: "migration/sql-failed", failure: "up.sql failed: no such table" }),
    ],
    exit: 1,
    slept: [],
    says: [/^✗ up\.sql failed: no such table$/m],
  },
  {
    name: "a run that was busy ends with 5",
    answers: [cut, ledgerShows({ outcome: "busy/another-run" })],
    exit: 5,
    slept: [],
    says: [],
  },
  {
    name: "a run that was cancelled ends with 130",
    answers: [cut, ledgerShows({ outcome: "cancelled" })],
    exit: 130,
    slept: [],
    says: [],
  },
  {
    name: "a run that died ends with 4 and goes on when run again",
    answers: [cut, ledgerShows({}), ledgerShows({})],
    exit: 4,
    slept: [1000],
    says: [
      /appears to have died: it never finished/,
      /→ to continue where it stopped \(nothing is applied twice\): hasura-migrate dev-3$/m,
    ],
  },
  {
    name: "a run that paused did not fail, but is not continued where its invocations are not known",
    answers: [cut, ledgerShows({ outcome: "paused" }), ledgerShows({ outcome: "paused" })],
    exit: 4,
    slept: [1000],
    says: [/^✗ Run [0-9a-f-]{36} is paused, and there is no sign that it was continued\.$/m],
  },
  {
    name: "a run that ends in the moment it is looked up is not taken for dead",
    answers: [cut, ledgerShows({}), ledgerShows({ outcome: "finished", migrations: [up] })],
    exit: 0,
    slept: [1000],
    says: [/nothing was run twice\./],
  },
  {
    name: "a run that the ledger does not know is asked for three times",
    answers: [cut, knowsNothing, knowsNothing, knowsNothing],
    exit: 4,
    slept: [1000, 2000],
    says: [/is not in dev-3's ledger/],
  },
  {
    name: "a function that was stopped by its timeout is looked up as well",
    answers: [crashed, ledgerShows({}), ledgerShows({})],
    exit: 4,
    slept: [1000],
    says: [/timed out after 900 s/, /to continue where it stopped/],
  },
  {
    name: "a question that is lost is asked again",
    answers: [
      cut,
      (response) => void response.destroy(),
      ledgerShows({ outcome: "finished", migrations: [up] }),
    ],
    exit: 0,
    slept: [1000],
    says: [/could not look up the run/],
  },
  {
    name: "a run whose connection broke before its first event is looked up",
    answers: [dropped, ledgerShows({ outcome: "finished", migrations: [up] })],
    exit: 0,
    slept: [],
    says: [/nothing was run twice\./],
  },
  {
    name: "a run that sent no event is not looked up for long",
    answers: [dropped, dropped, refuses(403, "AccessDeniedException", "no"), dropped, dropped],
    exit: 4,
    slept: [1000, 2000, 4000],
    says: [/the function may be running/, /→ hasura-migrate status dev-3/],
  },
  {
    name: "a run that died before there was a ledger is not looked up for long",
    answers: [crashed, hasNone, hasNone, hasNone],
    exit: 4,
    slept: [1000, 2000],
    says: [/is not in dev-3's ledger/],
  },
  {
    name: "an environment without a ledger has no record of a run that sent no event",
    answers: [dropped, hasNone, hasNone, hasNone, hasNone],
    exit: 4,
    slept: [1000, 2000, 4000],
    says: [/has none yet/, /the function may be running/],
  },
];

/** Applies to dev-3, and answers with the operations that the service was asked for. */
async function applyTo(
  t: TestContext,
  lambda: StandIn,
): Promise<{ exit: number; context: TestCliContext; operations: string[] }> {
  const context = testContext(t, {
    argv: ["dev-3"],
    env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
  });
  const exit = await main(context);
  const operations = lambda.calls.map(
    ({ body }) => (JSON.parse(body) as { operation: string }).operation,
  );
  return { exit, context, operations };
}

describe("recover outcome", () => {
  for (const example of cases) {
    test(example.name, async (t) => {
      const lambda = await lambdaStandIn(t, example.answers);
      const { exit, context, operations } = await applyTo(t, lambda);
      assert.equal(exit, example.exit, context.err.text);
      for (const pattern of example.says) assert.match(context.err.text, pattern);
      assert.deepEqual(context.slept, example.slept);
      assert.deepEqual(operations, ["apply", ...example.answers.slice(1).map(() => "history")]);
    });
  }

  test("a run that ended in another invocation while it was paused here is reported as the ledger has it", async (t) => {
    const paused = { type: "run.paused", reason: "time", applied: 1, notReached: 1, tookMs: 5 };
    const refused = {
      ...{ type: "run.failed", applied: 0, notReached: 0, tookMs: 1 },
      failure: {
        ...{ kind: "usage", code: "run-id-taken", hints: [], causes: [] },
        message: "The run id belongs to another run; nothing was run.",
      },
    };
    const lambda = await lambdaStandIn(t, [
      streams([...begun, applied(...row), paused]),
      streams([begun[0] ?? {}, refused]),
      ledgerShows({ outcome: "finished", migrations: [up, { ...up, version: "1700000000200" }] }),
    ]);
    const { exit, context, operations } = await applyTo(t, lambda);
    assert.equal(exit, 0, context.err.text);
    assert.match(
      context.err.text,
      /! Another invocation of the function is executing this run, or already has\./,
    );
    assert.doesNotMatch(context.err.text, /nothing was run\./);
    assert.match(context.out.text, /2 applied/);
    assert.deepEqual(operations, ["apply", "apply", "history"]);
  });

  test("a request that was delivered twice is followed to the end of the run, whoever does it", async (t) => {
    const refused = {
      ...{ type: "run.failed", applied: 0, notReached: 0, tookMs: 1 },
      failure: {
        ...{ kind: "busy", code: "delivered-twice", hints: [], causes: [] },
        message: "The request was delivered twice; this one did nothing.",
      },
    };
    const lambda = await lambdaStandIn(t, [
      streams([begun[0] ?? {}, refused]),
      ledgerShows({ live: true, migrations: [] }),
      ledgerShows({ outcome: "finished", migrations: [up, { ...up, version: "1700000000200" }] }),
    ]);
    const { exit, context, operations } = await applyTo(t, lambda);
    assert.equal(exit, 0, context.err.text);
    assert.match(context.out.text, /2 applied/);
    assert.deepEqual(operations, ["apply", "history", "history"]);
  });

  for (const [name, report] of Object.entries({
    crashed: '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: exit status 1"}',
    "timed out": '{"errorMessage":"2026 r Task timed out after 900.00 seconds"}',
  })) {
    test(`without streaming, a function that ${name} may have come to its end, and is looked up`, async (t) => {
      const noStreaming = refuses(404, "UnknownOperationException", "");
      const lambda = await lambdaStandIn(t, [
        noStreaming,
        returns(report, "Unhandled"),
        ledgerShows({ outcome: "finished", migrations: [up] }),
      ]);
      const { exit, context, operations } = await applyTo(t, lambda);
      assert.equal(exit, 0, context.err.text);
      assert.match(context.err.text, new RegExp(`dev-3 ${name}.*\\. Looking up run`));
      assert.deepEqual(operations, ["apply", "apply", "history"]);
    });
  }

  test("a run is not looked up for longer than a function lives", async (t) => {
    const lambda = await lambdaStandIn(t, [
      cut,
      ...Array.from({ length: 200 }, () => ledgerShows({ live: true })),
    ]);
    const { exit, context } = await applyTo(t, lambda);
    assert.equal(exit, 4);
    assert.ok(context.slept.reduce((sum, ms) => sum + ms, 0) < 910_000);
  });
});
