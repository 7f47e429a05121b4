import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { main } from "../../src/cli/main.ts";
import {
  answersHtml,
  answersState,
  beginStream,
  frame,
  lambdaStandIn,
  refuses,
  returns,
  streams,
  type Answer,
} from "../support/lambda-stand-in.ts";
import { applied, failedRun, finished, item, migrationStarted, plan, started } from "../support/run-events.ts";
import { testWorld, type TestWorld } from "../support/test-world.ts";

const keys = { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "eu-west-1" };
const row = ["1700000000100", "add_order_notes"] as const;
const begun = [started(), plan([item(...row)]), migrationStarted(...row)];

interface BadDay {
  readonly name: string;
  readonly answers: readonly Answer[];
  readonly exit: number;
  readonly says: readonly RegExp[];
  readonly argv?: readonly string[];
  /** Kinds of calls that must have been made, exactly. */
  readonly calls?: readonly string[];
}

const lines = (events: readonly object[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join("");

/** Sends the events, then does something else than ending well. */
function broken(events: readonly object[], end: (response: Parameters<Answer>[0]) => void): Answer {
  return (response) => {
    beginStream(response);
    response.write(frame("PayloadChunk", lines(events)), () => end(response));
  };
}

const stillRunning = [/^! the connection broke after .*; the function may still be running\.$/m, /→ hasura-migrate status dev-3/];
const good = streams([...begun, applied(...row), finished(1)]);

const badDays: readonly BadDay[] = [
  { name: "a stream without a closing event", answers: [streams(begun)], exit: 4, says: stillRunning, calls: ["stream"] },
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
    answers: [(r) => void r.destroy()],
    exit: 4,
    says: [/^! The connection broke; the function may be running\./m, /→ hasura-migrate status dev-3/],
    calls: ["stream"],
  },
  {
    name: "a crash after some events",
    answers: [
      streams(begun, {
        ErrorCode: "Unhandled",
        ErrorDetails: '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: exit status 1"}',
      }),
    ],
    exit: 4,
    says: [/function hasura-migrate-dev-3 crashed/, /→ hasura-migrate status dev-3/, /aws logs tail \/aws\/lambda\/hasura-migrate-dev-3/],
    calls: ["stream"],
  },
  {
    name: "a crash after the closing event changes nothing",
    answers: [streams([...begun, applied(...row), finished(1)], { ErrorCode: "Unhandled", ErrorDetails: "late" })],
    exit: 0,
    says: [],
    calls: ["stream"],
  },
  {
    name: "a function that timed out",
    answers: [streams(begun, { ErrorCode: "Unhandled", ErrorDetails: '{"errorMessage":"2026 r Task timed out after 900.00 seconds"}' })],
    exit: 4,
    says: [/was stopped after 900 s: its time-out/],
  },
  {
    name: "a function out of memory",
    answers: [
      streams([], {
        ErrorCode: "Unhandled",
        ErrorDetails: '{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"}',
      }),
    ],
    exit: 4,
    says: [/ran out of memory/],
  },
  {
    name: "a function that cannot start",
    answers: [
      streams([], {
        ErrorCode: "Unhandled",
        ErrorDetails: '{"errorType":"Runtime.ImportModuleError","errorMessage":"Cannot find module"}',
      }),
    ],
    exit: 4,
    says: [/cannot start/, /index\.runMigrations/],
  },
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
      /arn:aws:sts::111122223333:assumed-role\/dev\/alice may not lambda:InvokeFunction on arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-3\./,
    ],
    calls: ["stream"],
  },
  {
    name: "no such function",
    answers: [refuses(404, "ResourceNotFoundException", "Function not found: arn:…")],
    exit: 4,
    says: [/There is no function hasura-migrate-dev-3 in eu-west-1/, /--function NAME/],
    calls: ["stream"],
  },
  {
    name: "too many requests, then room",
    answers: [refuses(429, "TooManyRequestsException", "Rate Exceeded."), refuses(429, "TooManyRequestsException", "Rate Exceeded."), good],
    exit: 0,
    says: [/too many requests \(429\); nothing has run/],
    calls: ["stream", "stream", "stream"],
  },
  {
    name: "too many requests, for good",
    answers: Array.from({ length: 7 }, () =>
      refuses(429, "TooManyRequestsException", "Rate Exceeded.", { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded" }),
    ),
    exit: 4,
    says: [/ReservedFunctionConcurrentInvocationLimitExceeded\); nothing has run/, /reserved concurrency/],
  },
  {
    name: "a function being set up",
    answers: [
      refuses(409, "ResourceConflictException", "The function is currently in the following state: Pending"),
      answersState("Pending"),
      answersState("Active"),
      good,
    ],
    exit: 0,
    says: [/is being set up; waiting for it/],
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
    answers: [answersHtml(503)],
    exit: 4,
    says: [/Something that is not AWS answered \(HTTP 503, no JSON\)/, /→ hasura-migrate status dev-3/],
    calls: ["stream"],
  },
  {
    name: "Lambda's own error is a doubt, and is not sent again",
    answers: [refuses(500, "ServiceException", "internal")],
    exit: 4,
    says: [/HTTP 500 \(ServiceException, request r-2\); the function may be running/],
    calls: ["stream"],
  },
  {
    name: "an expired token",
    answers: [refuses(403, "ExpiredTokenException", "The security token included in the request is expired")],
    exit: 3,
    says: [/credentials have expired/],
  },
  {
    name: "a wrong clock",
    answers: [refuses(403, "InvalidSignatureException", "Signature not yet current: 20261124T120411Z is still later than")],
    exit: 3,
    says: [/clock is wrong/],
  },
  {
    name: "no streaming there: buffered, and it is said",
    answers: [refuses(404, "UnknownOperationException", ""), returns(JSON.stringify(lines([...begun, applied(...row), finished(1)])))],
    exit: 0,
    says: [/Streaming is not available here/],
    calls: ["stream", "buffered"],
  },
  {
    name: "a buffered function that failed",
    answers: [refuses(501, "NotImplemented", ""), returns('{"errorType":"Error","errorMessage":"boom"}', "Unhandled")],
    exit: 4,
    says: [/function hasura-migrate-dev-3 failed/, /Error: boom/],
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
    says: [/does not answer as one of hasura-migrate's does\./, /--function NAME/],
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
        failedRun({ kind: "usage", code: "wrong-environment", message: "This function is prod's, not dev-3's.", hints: [], causes: [] }),
      ]),
    ],
    exit: 2,
    says: [/This function is prod's/],
  },
  {
    name: "an unknown event is a plain line",
    answers: [streams([...begun, { type: "moon.phase", is: "full" }, applied(...row), finished(1)])],
    exit: 0,
    says: [/moon\.phase/],
  },
];

async function run(t: TestContext, { answers, argv }: BadDay): Promise<{ world: TestWorld; exit: number; calls: string[] }> {
  const lambda = await lambdaStandIn(t, answers);
  const world = testWorld(t, { argv: argv ?? ["dev-3"], env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url } });
  const exit = await main(world);
  return { world, exit, calls: lambda.calls.map(({ kind }) => kind) };
}

for (const day of badDays) {
  test(`${day.name}: exit ${day.exit}`, async (t) => {
    const { world, exit, calls } = await run(t, day);
    for (const pattern of day.says) assert.match(world.err.text, pattern);
    assert.equal(exit, day.exit, world.err.text);
    if (day.calls) assert.deepEqual(calls, day.calls);
  });
}

test("pauses between tries after 429 grow", async (t) => {
  const { world } = await run(t, {
    name: "",
    exit: 0,
    says: [],
    answers: [refuses(429, "TooManyRequestsException", ""), refuses(429, "TooManyRequestsException", ""), good],
  });
  assert.deepEqual(world.slept, [375, 750]);
});

test("a refused connection says that nothing has run", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const world = testWorld(t, { argv: ["dev-3", "--endpoint-url", `http://127.0.0.1:${port}`] });
  assert.equal(await main(world), 4);
  assert.match(world.err.text, /The Lambda service at 127\.0\.0\.1:\d+ refuses connections; nothing has run\./);
});

test("a certificate of an unknown authority is named, with what to do", async (t) => {
  const pem = (name: string): Buffer => readFileSync(new URL(`../support/tls/${name}.pem`, import.meta.url));
  const server = createTlsServer({ key: pem("key"), cert: pem("certificate") }, (_, response) => response.end()).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const world = testWorld(t, { argv: ["dev-3"], env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: `https://127.0.0.1:${port}` } });
  assert.equal(await main(world), 4);
  assert.match(
    world.err.text,
    /is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. It shows "test\.invalid", issued by "test\.invalid", SHA-256 [0-9A-F:]{95}\./,
  );
  assert.match(world.err.text, /NODE_EXTRA_CA_CERTS/);
});

test("Ctrl-C detaches, says how to look again, and ends with 130", async (t) => {
  let interrupt = (): void => undefined;
  const lambda = await lambdaStandIn(t, [broken(begun, () => interrupt())]);
  const world = testWorld(t, { argv: ["dev-3"], env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url } });
  interrupt = world.interrupt;
  assert.equal(await main(world), 130);
  assert.match(world.err.text, /No longer watching; the function goes on to its end by itself\.\n {2}→ hasura-migrate status dev-3/);
});

test("a paused run goes on with the same runId", async (t) => {
  const paused = { type: "run.paused", reason: "the deadline is near", applied: 1, notReached: 1, tookMs: 9 };
  const lambda = await lambdaStandIn(t, [streams([...begun, applied(...row), paused]), good]);
  const world = testWorld(t, { argv: ["dev-3"], env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url } });
  assert.equal(await main(world), 0);
  const ids = lambda.calls.map(({ body }) => (JSON.parse(body) as { runId: string }).runId);
  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1]);
});

test("after a second of silence it says what it waits for", async (t) => {
  const lambda = await lambdaStandIn(t, [
    (response, call) => {
      world.tick(1000);
      return good(response, call);
    },
  ]);
  const world = testWorld(t, { argv: ["dev-3"], env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url } });
  assert.equal(await main(world), 0);
  assert.match(world.err.text, /starting the function hasura-migrate-dev-3 …/);
});
