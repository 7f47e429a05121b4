import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";
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
  applied,
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

function lines(events: readonly object[]): Uint8Array {
  return frame("PayloadChunk", events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

/** Resolves when the migration has started, with the process that the shell has named. */
function untilStarted(
  child: ChildProcessByStdio<null, null, Readable>,
): Promise<{ pid: number; stderr: () => string }> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stderr.on("data", (data: Buffer) => {
      text += data.toString();
      const pid = /^pid (\d+)$/m.exec(text)?.[1];
      if (pid !== undefined && text.includes("one started"))
        resolve({ pid: Number(pid), stderr: () => text });
    });
    child.once("close", () => reject(new Error(text)));
  });
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has already exited.
  }
}

/** Most CI systems kill a process 10 s after they have sent SIGTERM. */
const withinMs = 9_000;

describe("signals", () => {
  test("SIGTERM ends a command that waits for the writer of its configuration, a pipe", async (t) => {
    const cwd = emptyDirectory(t);
    const pipe = join(cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    const child = spawn(process.execPath, [await builtCli(), "status", "dev-3", "--config", pipe], {
      ...{ cwd, env: { HOME: cwd } },
      stdio: ["ignore", "ignore", "pipe"],
    });
    t.onTestFinished(() => void child.kill("SIGKILL"));
    const ended = new Promise((resolve) => child.once("close", resolve));
    // Opened once the command has it open, and never written to.
    await using writer = await open(pipe, "w");
    assert.ok(writer.fd > 0);
    child.kill("SIGTERM");
    assert.equal(await ended, 130);
  });

  test("SIGTERM asks the run to stop and exits soon, with the command that checks on it", async (t) => {
    const { code, stderr, tookMs, operations } = await signalled(
      t,
      [goesOn, accepts],
      [{ after: "one started", signal: "SIGTERM" }],
    );
    assert.equal(code, 130);
    assert.deepEqual(operations, ["apply", "cancel"]);
    assert(tookMs < withinMs, String(tookMs));
    assert.match(stderr, /Detached\. The run will stop after the current migration\./);
    assert.match(stderr, /→ to check on it: hasura-migrate history dev-3 --run [0-9a-f-]{36}/);
  });

  test("SIGTERM also exits if the stop request is not answered", async (t) => {
    const { code, stderr, tookMs } = await signalled(
      t,
      [goesOn, () => undefined],
      [{ after: "one started", signal: "SIGTERM" }],
    );
    assert.equal(code, 130);
    assert(tookMs < withinMs, String(tookMs));
    assert.match(stderr, /The stop request was not confirmed/);
    assert.match(stderr, /→ to stop it: hasura-migrate cancel dev-3 --run/);
  });

  test("a second SIGTERM exits at once", async (t) => {
    const { code, tookMs } = await signalled(
      t,
      [goesOn, () => undefined],
      [
        { after: "one started", signal: "SIGTERM" },
        { after: "Stopping after", signal: "SIGTERM" },
      ],
    );
    assert.equal(code, 130);
    // Before the first one would have ended it.
    assert(tookMs < 4000, String(tookMs));
  });

  test("SIGHUP detaches without stopping the run", async (t) => {
    const { code, stderr, operations } = await signalled(
      t,
      [goesOn],
      [{ after: "one started", signal: "SIGHUP" }],
    );
    assert.equal(code, 130);
    assert.deepEqual(operations, ["apply"]);
    assert.match(stderr, /Detached\. The run continues on the server\./);
  });

  const detached: readonly (readonly [how: string, shell: string, script: string])[] = [
    ["with nohup", "bash", 'nohup "$@" & echo "pid $!" >&2; wait $!'],
    // What a shell ignores, and what an input is open for, can be read on Linux only.
    ...(process.platform === "linux"
      ? ([
          ["after trap '' HUP", "sh", 'trap \'\' HUP; "$@" & echo "pid $!" >&2; wait $!'],
          [
            "with the input that nohup leaves",
            "sh",
            '"$@" 0>/dev/null & echo "pid $!" >&2; wait $!',
          ],
        ] as const)
      : []),
  ];
  for (const [how, shell, script] of detached)
    test(`SIGHUP has no effect on a command that was started ${how}`, async (t) => {
      const held: { response?: ServerResponse } = {};
      const lambda = await lambdaStandIn(t, [
        (response, call) => {
          held.response = response;
          void goesOn(response, call);
        },
      ]);
      const child = spawn(
        shell,
        ["-c", script, shell, process.execPath, await builtCli(), "dev-3"],
        {
          cwd: emptyDirectory(t),
          env: {
            ...keys,
            PATH: process.env["PATH"],
            HOME: emptyDirectory(t),
            AWS_ENDPOINT_URL_LAMBDA: lambda.url,
          },
          stdio: ["ignore", "ignore", "pipe"],
        },
      );
      const { stderr, pid } = await untilStarted(child);
      t.onTestFinished(() => end(pid));
      process.kill(pid, "SIGHUP");
      // What arrives after the signal is handled after it.
      held.response?.write(lines([{ type: "heartbeat", at: "2026-11-24T12:04:21Z" }]));
      while (!stderr().includes("one running")) await once(child.stderr, "data");
      held.response?.write(lines([applied(...one), finished(1)]));
      held.response?.end(frame("InvokeComplete", "{}"));
      const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
      assert.equal(code, 0, stderr());
      assert.doesNotMatch(stderr(), /Detached/);
    });

  test("SIGTERM also exits while the function has not answered yet", async (t) => {
    const { code, tookMs, operations } = await signalled(
      t,
      [() => undefined],
      [{ after: "starting the function", signal: "SIGTERM" }],
    );
    assert.equal(code, 130);
    assert(tookMs < withinMs, String(tookMs));
    assert.deepEqual(operations, ["apply"]);
  });
});
