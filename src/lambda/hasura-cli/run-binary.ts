import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { tail, type Tail } from "./tail.ts";

/** One process to run. */
export interface BinaryCall {
  readonly binary: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** After this it gets SIGTERM, and after another `graceMs` SIGKILL. */
  readonly withinMs: number;
  readonly graceMs: number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** How a process ended, and the end of its output. */
export interface BinaryResult {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** It was killed because its time was over. */
  readonly stopped: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** An error contains the text of the statement, so that much has to be kept for it to be parsed. */
const keptBytes = 16 * 1024 * 1024;
/** How long to wait for a pipe that another process keeps open. */
const pipesMs = 1000;

/** Runs a process and waits for its end. Throws usage/engine-not-available if it cannot be started. */
export async function runBinary(call: BinaryCall): Promise<BinaryResult> {
  const child = spawn(call.binary, call.args, {
    cwd: call.directory,
    env: call.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = [keep(child.stdout), keep(child.stderr)];
  const over = new AbortController();
  const time = { up: false };
  const guard = endInTime(child, call, over.signal, () => (time.up = true));
  try {
    const { code, signal } = await exitOf(child, call.binary);
    over.abort();
    await pipesClosed(child, call.sleep);
    return { code, signal, stopped: time.up, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    over.abort();
    await guard;
  }
}

function keep(stream: Readable): Tail {
  const kept = tail(keptBytes);
  stream.on("data", (chunk: Buffer) => kept.push(chunk));
  stream.on("error", () => undefined); // a broken pipe ends the text, not the run
  return kept;
}

async function endInTime(
  child: Child,
  { withinMs, graceMs, sleep }: BinaryCall,
  over: AbortSignal,
  timeUp: () => void,
): Promise<void> {
  for (const [ms, signal] of [
    [withinMs, "SIGTERM"],
    [graceMs, "SIGKILL"],
  ] as const) {
    await sleep(Math.max(0, ms), over).catch(() => undefined);
    if (over.aborted) return;
    timeUp();
    child.kill(signal);
  }
}

function exitOf(
  child: Child,
  binary: string,
): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      // Also emitted if a signal could not be sent; then the process runs, and `exit` follows.
      if (child.pid === undefined) reject(notStarted(binary, cause));
    });
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

async function pipesClosed(child: Child, sleep: BinaryCall["sleep"]): Promise<void> {
  const closed = new AbortController();
  const both = [child.stdout, child.stderr];
  const open = both.filter((stream) => !stream.closed);
  const ended = Promise.all(
    open.map((stream) => new Promise((resolve) => stream.once("close", resolve))),
  );
  await Promise.race([ended, sleep(pipesMs, closed.signal).catch(() => undefined)]);
  closed.abort();
  both.forEach((stream) => stream.destroy());
}

function notStarted(binary: string, cause: Error): Failure {
  return new Failure(
    "usage",
    "engine-not-available",
    `The official Hasura CLI at ${binary} cannot be started.`,
    {
      hints: [
        textHint(
          "Build the image with --build-arg HASURA_CLI_VERSION for the architecture of the function.",
        ),
        textHint("Or set HASURA_MIGRATE_ENGINE=native."),
      ],
      cause,
    },
  );
}
