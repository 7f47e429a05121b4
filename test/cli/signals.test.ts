import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, test, type TestContext } from "vitest";
import { builtCli } from "../support/cli-process.ts";
import {
  beginStream,
  frame,
  lambdaStandIn,
  streams,
  type Answer,
} from "../support/lambda-stand-in.ts";
import {
  finished,
  item,
  ledgerOperations,
  linesInAnswerTo,
  migrationStarted,
  plan,
  runIdOfCall,
  started,
} from "../support/run-events.ts";
import { emptyDirectory } from "../support/test-context.ts";
import { keys } from "../support/aws-keys.ts";

const one = ["1700000000100", "one"] as const;
/** A migration that goes on for ever. */
const goesOn: Answer = (response, { body }) => {
  beginStream(response);
  const begun = [
    started("dev-3", { operations: ledgerOperations }),
    plan([item(...one)]),
    migrationStarted(...one),
  ];
  response.write(frame("PayloadChunk", linesInAnswerTo(body, begun)));
};
const accepts: Answer = (response, call) =>
  streams([started(), { type: "cancel.requested", runs: [runIdOfCall(call.body)] }, finished(0)])(
    response,
    call,
  );

interface Step {
  /** What has to be on stderr first. */
  readonly after: string;
  readonly signal: NodeJS.Signals;
}

/** Runs an apply, sends each signal once its text has appeared, and measures the time from the last signal to the end. */
async function signalled(
  t: TestContext,
  answers: readonly Answer[],
  steps: readonly Step[],
): Promise<{ code: number | null; stderr: string; tookMs: number; operations: string[] }> {
  const lambda = await lambdaStandIn(t, answers);
  const child = spawn(process.execPath, [await builtCli(), "dev-3"], {
    cwd: emptyDirectory(t),
    env: { ...keys, HOME: emptyDirectory(t), AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    stdio: ["ignore", "ignore", "pipe"],
  });
  t.onTestFinished(() => void child.kill("SIGKILL"));
  const left = [...steps];
  let stderr = "";
  let sentAt = 0;
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    while (left[0] && stderr.includes(left[0].after)) {
      sentAt = performance.now();
      child.kill(left.shift()?.signal);
    }
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const operations = lambda.calls.map(
    ({ body }) => (JSON.parse(body) as { operation: string }).operation,
  );
  return { code, stderr, tookMs: performance.now() - sentAt, operations };
}

describe("signals", () => {
  test("SIGTERM asks the run to stop and leaves within five seconds, with the command that looks again", async (t) => {
    const { code, stderr, tookMs, operations } = await signalled(
      t,
      [goesOn, accepts],
      [{ after: "one started", signal: "SIGTERM" }],
    );
    assert.equal(code, 130);
    assert.deepEqual(operations, ["apply", "cancel"]);
    assert(tookMs < 5000, String(tookMs));
    assert.match(stderr, /Detached\. The run will stop after the current migration\./);
    assert.match(stderr, /→ to check on it: hasura-migrate history dev-3 --run [0-9a-f-]{36}/);
  });

  test("SIGTERM leaves as well where the request to stop is not answered", async (t) => {
    const { code, stderr, tookMs } = await signalled(
      t,
      [goesOn, () => undefined],
      [{ after: "one started", signal: "SIGTERM" }],
    );
    assert.equal(code, 130);
    assert(tookMs < 5000, String(tookMs));
    assert.match(stderr, /The stop request was not confirmed/);
    assert.match(stderr, /→ to stop it: hasura-migrate cancel dev-3 --run/);
  });

  test("a second SIGTERM leaves at once", async (t) => {
    const { code, tookMs } = await signalled(
      t,
      [goesOn, () => undefined],
      [
        { after: "one started", signal: "SIGTERM" },
        { after: "Stopping after", signal: "SIGTERM" },
      ],
    );
    assert.equal(code, 130);
    assert(tookMs < 1500, String(tookMs));
  });

  test("SIGHUP detaches and asks nothing of the run", async (t) => {
    const { code, stderr, operations } = await signalled(
      t,
      [goesOn],
      [{ after: "one started", signal: "SIGHUP" }],
    );
    assert.equal(code, 130);
    assert.deepEqual(operations, ["apply"]);
    assert.match(stderr, /Detached\. The run continues on the server\./);
  });

  test("SIGTERM while the function has not answered yet leaves as well", async (t) => {
    const { code, tookMs, operations } = await signalled(
      t,
      [() => undefined],
      [{ after: "starting the function", signal: "SIGTERM" }],
    );
    assert.equal(code, 130);
    assert(tookMs < 5000, String(tookMs));
    assert.deepEqual(operations, ["apply"]);
  });
});
