import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { Failure } from "../../protocol/failure.ts";
import { tail, type Tail } from "./tail.ts";

/** One process to run to its end. */
export interface BinaryCall {
  readonly binary: string;
  readonly args: readonly string[];
  /** Everything the process gets to see. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** After this it is told to end (SIGTERM), and after `graceMs` more it is ended (SIGKILL). */
  readonly withinMs: number;
  readonly graceMs: number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** How a process ended, and the last of what it wrote. */
export interface BinaryResult {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** We ended it: its time was over. */
  readonly stopped: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** The text of a statement comes back inside an error, so much has to be kept for it to be read; what was before is dropped. */
const keptBytes = 16 * 1024 * 1024;
/** A pipe that somebody else holds open is not waited for longer than this. */
const pipesMs = 1000;

/** Runs it and waits for its end, in every case. Throws usage/engine-not-available where it cannot be started. */
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
      // Also emitted when a signal could not be sent; then the process is there and its end still comes.
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
        "build the image with --build-arg HASURA_CLI_VERSION for the architecture of the function",
        "or set HASURA_MIGRATE_ENGINE=native",
      ],
      cause,
    },
  );
}
