import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { describe, test, type TestContext } from "vitest";
import { builtCli } from "../support/cli-process.ts";
import { beginStream, frame, lambdaStandIn } from "../support/lambda-stand-in.ts";
import { finished, historyOf, linesInAnswerTo, started } from "../support/run-events.ts";
import { emptyDirectory } from "../support/test-context.ts";
import { keys } from "../support/aws-keys.ts";

/** The bound on all of the process, with room above what is measured (175 MB at most). */
const boundMb = 250;
const mebibyte = 1024 * 1024;
const line = (event: object): Buffer => Buffer.from(`${JSON.stringify(event)}\n`);

/** Writes as fast as the reader reads, until it has gone. */
async function write(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(frame("PayloadChunk", bytes.toString()))) return true;
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off("drain", settle).off("close", settle);
      resolve(!response.destroyed);
    };
    response.on("drain", settle).on("close", settle);
  });
}

/** The largest resident memory of the CLI while a hostile function answers, and its exit code. */
async function measure(
  t: TestContext,
  argv: readonly string[],
  parts: () => Iterable<Buffer>,
): Promise<{ megabytes: number; code: number | null; stdout: number }> {
  const lambda = await lambdaStandIn(t, [
    async (response, { body }) => {
      response.on("error", () => undefined);
      beginStream(response);
      await write(response, Buffer.from(linesInAnswerTo(body, [started()])));
      for (const part of parts()) if (!(await write(response, part))) return;
      await write(response, line(finished(0)));
      response.end(frame("InvokeComplete", "{}"));
    },
  ]);
  const child = spawn(process.execPath, [await builtCli(), ...argv], {
    cwd: emptyDirectory(t),
    env: { ...keys, HOME: emptyDirectory(t), AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = 0;
  let megabytes = 0;
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.length;
  });
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${String(child.pid)}/status`, "utf8");
      megabytes = Math.max(megabytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024 || 0);
    } catch {
      // It has ended.
    }
  }, 50);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(timer);
  return { megabytes, code, stdout };
}

function* times(count: number, part: Buffer): Iterable<Buffer> {
  for (let i = 0; i < count; i += 1) yield part;
}

describe.runIf(process.platform === "linux")("memory of the CLI", () => {
  const log = (bytes: number): object => ({
    type: "log",
    level: "info",
    code: "x",
    message: "y".repeat(bytes),
  });
  const rows = Array.from({ length: 300 }, () => historyOf("r"));

  const hostile: readonly {
    readonly name: string;
    readonly argv: readonly string[];
    readonly parts: () => Iterable<Buffer>;
    readonly code: number;
    readonly leastStdout?: number;
  }[] = [
    {
      name: "100 MB without a line end",
      argv: ["status", "dev-3"],
      parts: () => times(6400, Buffer.alloc(16_384, 0x61)),
      code: 4,
    },
    {
      name: "3000 parts of a list",
      argv: ["history", "dev-3"],
      parts: () => times(3000, line({ type: "history", runs: rows, more: true })),
      code: 4,
    },
    {
      name: "200 events of nearly 1 MB",
      argv: ["status", "dev-3", "--json"],
      parts: () => times(200, line(log(mebibyte - 1000))),
      code: 0,
      leastStdout: 200 * (mebibyte - 1000),
    },
    {
      name: "a million heartbeats",
      argv: ["status", "dev-3"],
      parts: () =>
        times(
          2000,
          Buffer.concat(
            Array.from({ length: 500 }, () =>
              line({ type: "heartbeat", at: "2026-11-25T00:00:00.000Z" }),
            ),
          ),
        ),
      code: 0,
    },
  ];
  for (const { name, argv, parts, code, leastStdout = 0 } of hostile) {
    test(`${name}: at most ${String(boundMb)} MB, and exit ${String(code)}`, async (t) => {
      const measured = await measure(t, argv, parts);
      void t.annotate(`${name}: ${String(Math.round(measured.megabytes))} MB`);
      assert.equal(measured.code, code);
      assert(measured.stdout >= leastStdout, String(measured.stdout));
      assert(measured.megabytes > 20 && measured.megabytes <= boundMb, String(measured.megabytes));
    }, 120_000);
  }
});
