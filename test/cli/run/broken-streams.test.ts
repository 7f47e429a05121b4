import { frame, streams, type Answer } from "../../support/lambda-stand-in.ts";
import { applied, failedMigration, finished, started } from "../../support/run-events.ts";
import {
  begun,
  broken,
  row,
  stillRunning,
  testFailureCases,
  type FailureCase,
} from "../../support/failure-cases.ts";

const dropped: Answer = (response) => void response.destroy();

const failureCases: readonly FailureCase[] = [
  {
    name: "a stream without a closing event",
    answers: [streams(begun)],
    exit: 4,
    says: stillRunning,
    calls: ["stream"],
  },
  {
    name: "a stream cut in the middle of a line",
    answers: [broken(begun, (r) => r.end(frame("PayloadChunk", '{"type":"migr')))],
    exit: 4,
    says: stillRunning,
    calls: ["stream"],
  },
  {
    name: "a connection reset in the stream",
    answers: [broken(begun, (r) => r.destroy())],
    exit: 4,
    says: stillRunning,
    calls: ["stream"],
  },
  {
    name: "a broken event in the stream",
    answers: [streams([...begun, { type: "migration.applied" }])],
    exit: 4,
    says: [...stillRunning, /unexpected shape/],
    calls: ["stream"],
  },
  {
    name: "a connection closed before the answer",
    answers: [dropped, dropped, dropped, dropped, dropped],
    exit: 4,
    says: [
      / ! The connection broke; the function may be running\. Looking up run/,
      /could not look up the run/,
      /→ hasura-migrate status dev-3/,
    ],
    calls: Array.from({ length: 5 }, () => "stream"),
  },
  {
    name: "a crash after some events",
    answers: [
      streams(begun, {
        ErrorCode: "Unhandled",
        ErrorDetails:
          '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: exit status 1"}',
      }),
    ],
    exit: 4,
    says: [
      /function hasura-migrate-dev-3 crashed\. Current migration: 1700000000100 add_order_notes\.$/m,
      /→ hasura-migrate status dev-3\n {2}→ to continue: hasura-migrate dev-3$/m,
    ],
    calls: ["stream"],
  },
  {
    name: "a crash after the closing event changes nothing",
    answers: [
      streams([...begun, applied(...row), finished(1)], {
        ErrorCode: "Unhandled",
        ErrorDetails: "late",
      }),
    ],
    exit: 0,
    says: [],
    calls: ["stream"],
  },
  {
    name: "a function that timed out",
    answers: [
      streams(begun, {
        ErrorCode: "Unhandled",
        ErrorDetails: '{"errorMessage":"2026 r Task timed out after 900.00 seconds"}',
      }),
    ],
    exit: 4,
    says: [/timed out after 900 s/],
  },
  {
    name: "a function out of memory",
    answers: [
      streams([], {
        ErrorCode: "Unhandled",
        ErrorDetails:
          '{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"}',
      }),
    ],
    exit: 4,
    says: [/ran out of memory/],
  },
  {
    name: "a function that was killed",
    answers: [
      streams([], {
        ErrorCode: "Unhandled",
        ErrorDetails:
          '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"}',
      }),
    ],
    exit: 4,
    says: [/hasura-migrate-dev-3 was killed\.$/m],
  },
  {
    name: "a function that was killed while it only looked",
    argv: ["status", "dev-3"],
    answers: [
      streams([], {
        ErrorCode: "Unhandled",
        ErrorDetails: '{"errorMessage":"Runtime exited with error: signal: killed"}',
      }),
    ],
    exit: 4,
    says: [
      /dev-3 was killed\.\n[^→]*→ nothing was changed; run it again: hasura-migrate status dev-3\n$/,
    ],
  },
  {
    name: "a function that cannot start",
    answers: [
      streams([], {
        ErrorCode: "Unhandled",
        ErrorDetails:
          '{"errorType":"Runtime.ImportModuleError","errorMessage":"Cannot find module"}',
      }),
    ],
    exit: 4,
    says: [/cannot start/, /index\.runMigrations/],
  },
];

testFailureCases(failureCases);

const failure = {
  kind: "migration",
  code: "sql-failed",
  message: "it failed",
  hints: [],
  causes: [],
};
/** Answers that cannot be those to the request. They prove nothing, so the run counts as lost and is not reported as done. */
const notBelieved: readonly (Omit<FailureCase, "exit" | "answers"> & {
  events: readonly object[];
})[] = [
  {
    name: "the start of another run",
    events: [started("dev-3", { runId: "019a7e0c-0000-7000-8000-00000000dead" }), finished(1)],
    says: [/belongs to another run \(runId is "019a7e0c-0000-7000-8000-00000000dead"/],
  },
  {
    name: "another environment",
    argv: ["status", "dev-3"],
    events: [{ ...started("prod"), runId: "", filled: "runId" }, finished(1)],
    says: [/belongs to another run \(environment is "prod", not "dev-3"\)/],
  },
  {
    name: "another operation",
    argv: ["status", "dev-3"],
    events: [
      { ...started("dev-3", { operation: "down" }), runId: "", filled: "runId" },
      finished(1),
    ],
    says: [/belongs to another run \(operation is "down", not "status"\)/],
  },
  {
    name: "an end without a start",
    argv: ["status", "dev-3"],
    events: [finished(1)],
    says: [/"run\.finished" comes before "run\.started"/],
  },
  {
    name: "a success after a failure",
    events: [...begun, failedMigration(...row, failure), finished(1)],
    says: [...stillRunning, /"run\.finished" follows a migration that failed/],
  },
  {
    name: "a pause after a failure",
    events: [
      ...begun,
      failedMigration(...row, failure),
      { type: "run.paused", reason: "again", applied: 0, notReached: 0, tookMs: 0 },
    ],
    says: [...stillRunning, /"run\.paused" follows a migration that failed/],
  },
  {
    name: "an endless line",
    events: [...begun, { type: "log", level: "info", code: "x", message: "y".repeat(1 << 20) }],
    says: [...stillRunning, /a line is longer than 1 MB/],
  },
];
const unanswered: readonly Answer[] = Array.from({ length: 4 }, () => dropped);

/** Fills in the run's id alone, so that the rest of the event stays wrong. */
const withRunId =
  (events: readonly object[]): Answer =>
  (response, call) => {
    const { runId } = JSON.parse(call.body) as { runId: string };
    const filled = events.map((event) => ("filled" in event ? { ...event, runId } : event));
    return streams(filled)(response, call);
  };

testFailureCases(
  notBelieved.map(({ events, ...failureCase }) => ({
    ...failureCase,
    exit: 4,
    answers: [
      withRunId(events),
      // Looked up where the run may have changed something and nothing shows that there is no ledger to ask.
      ...(failureCase.argv === undefined && events[0] !== begun[0] ? unanswered : []),
    ],
  })),
);
