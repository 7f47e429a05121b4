import { frame, streams, type Answer } from "../../support/lambda-stand-in.ts";
import { applied, finished } from "../../support/run-events.ts";
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
