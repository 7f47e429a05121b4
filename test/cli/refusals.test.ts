import {
  answersHtml,
  answersState,
  beginStream,
  frame,
  refuses,
  returns,
  streams,
} from "../support/lambda-stand-in.ts";
import { applied, failedRun, finished, linesInAnswerTo, started } from "../support/run-events.ts";
import { begun, good, row, testFailureCases, type FailureCase } from "../support/failure-cases.ts";

const failureCases: readonly FailureCase[] = [
  {
    name: "access denied",
    answers: [
      refuses(
        403,
        "AccessDeniedException",
        "User: arn:aws:sts::111122223333:assumed-role/dev/alice is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3 because no identity-based policy allows it",
      ),
    ],
    exit: 3,
    says: [
      /arn:aws:sts::111122223333:assumed-role\/dev\/alice is not authorized to perform lambda:InvokeFunction on arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3\./,
    ],
    calls: ["stream"],
  },
  {
    name: "no such function",
    answers: [refuses(404, "ResourceNotFoundException", "Function not found: arn:…")],
    exit: 4,
    says: [/There is no function hasura-migrate-dev-3 in eu-west-1/, /with --function/],
    calls: ["stream"],
  },
  {
    name: "no such alias",
    argv: ["status", "dev-3", "--function", "hasura-migrate-dev-3:read"],
    answers: [refuses(404, "ResourceNotFoundException", "Cannot find alias arn: …")],
    exit: 4,
    says: [
      /There is no function hasura-migrate-dev-3:read in eu-west-1/,
      /RestrictByOperation=true/,
    ],
  },
  {
    name: "too many requests, then room",
    answers: [
      refuses(429, "TooManyRequestsException", "Rate Exceeded."),
      refuses(429, "TooManyRequestsException", "Rate Exceeded."),
      good,
    ],
    exit: 0,
    says: [/throttled the request \(429\); nothing has run/],
    calls: ["stream", "stream", "stream"],
  },
  {
    name: "too many requests, for good",
    answers: Array.from({ length: 7 }, () =>
      refuses(429, "TooManyRequestsException", "Rate Exceeded.", {
        Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
      }),
    ),
    exit: 4,
    says: [
      /ReservedFunctionConcurrentInvocationLimitExceeded\); nothing has run/,
      /reserved concurrency/,
    ],
  },
  {
    name: "a function being set up",
    answers: [
      refuses(
        409,
        "ResourceConflictException",
        "The function is currently in the following state: Pending",
      ),
      answersState("Pending"),
      answersState("Active"),
      good,
    ],
    exit: 0,
    says: [/Waiting for the function hasura-migrate-dev-3 to become active/],
    calls: ["stream", "state", "state", "stream"],
  },
  {
    name: "an inactive function",
    answers: [
      refuses(502, "ResourceNotReadyException", "The function is inactive"),
      refuses(403, "AccessDeniedException", "no GetFunctionConfiguration"),
      good,
    ],
    exit: 0,
    says: [],
    calls: ["stream", "state", "stream"],
  },
  {
    name: "a proxy's HTML",
    answers: Array.from({ length: 5 }, () => answersHtml(503)),
    exit: 4,
    says: [/did not come from AWS \(HTTP 503, not JSON\)/, /→ hasura-migrate status dev-3/],
    calls: Array.from({ length: 5 }, () => "stream"),
  },
  {
    name: "a proxy's HTML with 403: it may have passed the request on",
    answers: Array.from({ length: 5 }, () => answersHtml(403)),
    exit: 4,
    says: [/did not come from AWS \(HTTP 403, not JSON\).* The function may be running\./],
    calls: Array.from({ length: 5 }, () => "stream"),
  },
  {
    name: "a function that could not be set up",
    answers: [refuses(409, "ResourceConflictException", "Pending"), answersState("Failed")],
    exit: 4,
    says: [/Lambda could not set up the function hasura-migrate-dev-3: AWS gives no reason\./],
    calls: ["stream", "state"],
  },
  {
    name: "Lambda's own error is a doubt; the run is asked for, and not sent again",
    answers: Array.from({ length: 5 }, () => refuses(500, "ServiceException", "internal")),
    exit: 4,
    says: [/HTTP 500 \(ServiceException, request r-2\); the function may be running/],
    calls: Array.from({ length: 5 }, () => "stream"),
  },
  {
    name: "an expired token",
    answers: [
      refuses(
        403,
        "ExpiredTokenException",
        "The security token included in the request is expired",
      ),
    ],
    exit: 3,
    says: [/credentials have expired/],
  },
  {
    name: "a wrong clock",
    answers: [
      refuses(
        403,
        "InvalidSignatureException",
        "Signature not yet current: 20261124T120411Z is still later than",
      ),
    ],
    exit: 3,
    says: [/clock is wrong/],
  },
  {
    name: "no streaming there: buffered, and it is said",
    answers: [
      refuses(404, "UnknownOperationException", ""),
      (response, call) => {
        const lines = linesInAnswerTo(call.body, [...begun, applied(...row), finished(1)]);
        void returns(JSON.stringify(lines))(response, call);
      },
    ],
    exit: 0,
    says: [/Streaming is not available: /],
    calls: ["stream", "buffered"],
  },
  {
    name: "a buffered function that failed",
    argv: ["status", "dev-3"],
    answers: [
      refuses(501, "NotImplemented", ""),
      returns('{"errorType":"Error","errorMessage":"boom"}', "Unhandled"),
    ],
    exit: 4,
    says: [/function hasura-migrate-dev-3 crashed/, /Error: boom/],
    calls: ["stream", "buffered"],
  },
  ...[
    "Task timed out after 15.00 seconds",
    '"Task timed out after 15.00 seconds"',
    "2026-11-25T22:03:41.000Z 4c6ea1a0 Task timed out after 15.00 seconds\n",
    '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 15.00 seconds"}',
  ].map((report) => ({
    name: `the emulator's report of a timeout in place of the response, ${report.slice(0, 12)}`,
    argv: ["status", "dev-3"],
    answers: [refuses(404, "UnknownOperationException", ""), returns(report)],
    exit: 4,
    says: [/function hasura-migrate-dev-3 timed out after 15 s\./, /nothing was changed/],
    calls: ["stream", "buffered"],
  })),
  {
    name: "the emulator's report of a crash in place of the response",
    argv: ["status", "dev-3"],
    answers: [
      refuses(404, "UnknownOperationException", ""),
      returns(
        '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: exit status 1"}',
      ),
    ],
    exit: 4,
    says: [/function hasura-migrate-dev-3 crashed\./],
    calls: ["stream", "buffered"],
  },
  {
    name: "somebody else's function",
    answers: [
      (r) => {
        beginStream(r);
        r.write(frame("PayloadChunk", '{"statusCode":200}'));
        r.end(frame("InvokeComplete", "{}"));
      },
    ],
    exit: 4,
    says: [/is not a hasura-migrate function \(unexpected response\)\./, /--function/],
  },
  {
    name: "a function that is too new",
    answers: [streams([started("dev-3", { contract: { newest: 9, oldest: 8 } })])],
    exit: 2,
    says: [/too new/, /npx hasura-migrate@latest/],
  },
  {
    name: "a function of another environment",
    answers: [
      streams([
        failedRun({
          kind: "usage",
          code: "wrong-environment",
          message: "This function is prod's, not dev-3's.",
          hints: [],
          causes: [],
        }),
      ]),
    ],
    exit: 2,
    says: [/This function is prod's/],
  },
  {
    name: "an unknown event is a plain line",
    answers: [
      streams([...begun, { type: "moon.phase", is: "full" }, applied(...row), finished(1)]),
    ],
    exit: 0,
    says: [/moon\.phase/],
  },
];

testFailureCases(failureCases);
