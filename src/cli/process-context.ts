import { once } from "node:events";
import { homedir, hostname, userInfo } from "node:os";
import { emitKeypressEvents, type Key as ReadlineKey } from "node:readline";
import { createInterface } from "node:readline/promises";
import { setTimeout as pause } from "node:timers/promises";
import { exitCode } from "../protocol/exit-code.ts";
import { ignoresHangup } from "./run/ignores-hangup.ts";
import { createInterrupts } from "./run/cancellation.ts";
import { unlessAborted } from "./run/until-aborted.ts";
import { plainText } from "./output/terminal/styled.ts";
import { outputFileOf } from "./output/terminal/output-file.ts";
import { sinkOf, type TextStream } from "./output/terminal/sink.ts";
import type { Key, Keyboard, CliContext } from "./context.ts";
import { programsOf } from "./programs/programs.ts";

/** CI systems and containers kill a process soon after SIGTERM: anything still running by then is abandoned. */
const terminateWithinMs = 4800;

/** The context of a real process. */
export interface ProcessContext extends CliContext {
  /** Why a part of stdout is lost, such as `ENOSPC`; undefined if nothing is, or if its reader has disconnected. */
  readonly outputLost: () => string | undefined;
}

/** `process` is a parameter: only bin.ts uses the global one. */
export function contextOf(process: NodeJS.Process, version: string): ProcessContext {
  const exit = (): void => process.exit(exitCode.interrupted);
  const interrupts = createInterrupts(exit, () => void setTimeout(exit, terminateWithinMs).unref());
  process.on("SIGINT", () => interrupts.onSignal("interrupt"));
  process.on("SIGTERM", () => interrupts.onSignal("terminate"));
  const staysAfterHangup = ignoresHangup(process);
  process.on("SIGHUP", () => {
    if (!staysAfterHangup) interrupts.onSignal("hangup");
  });
  const workflow = process.env["GITHUB_ACTIONS"] === "true";
  const file = outputFileOf(process.stdout);
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    home: homeOf(process),
    user: userName(process),
    uid: process.getuid?.(),
    host: hostname(),
    version,
    out: sinkOf(file ?? streamOf(process.stdout), { workflow }),
    outputLost: () => file?.lost,
    err: sinkOf(streamOf(process.stderr), { workflow }),
    keyboard: keyboardOf(process, interrupts.first),
    input: () => process.stdin,
    now: Date.now,
    random: Math.random,
    sleep: async (ms, signal) => {
      await pause(ms, undefined, signal ? { signal } : {});
    },
    every: (ms, tick) => {
      const timer = setInterval(tick, ms);
      timer.unref();
      return () => clearInterval(timer);
    },
    interrupts,
    ...programsOf(process, interrupts.first),
  };
}

/** A stream whose reader may disconnect (`| head -1`): later output is dropped, and the run continues to its exit code. */
function streamOf(stream: NodeJS.WriteStream): TextStream {
  let broken = false;
  stream.on("error", () => {
    broken = true;
  });
  return {
    write: (text) => {
      if (!broken) stream.write(text);
    },
    drained: () => (broken || !stream.writableNeedDrain ? undefined : caughtUp(stream)),
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
  };
}

async function caughtUp(stream: NodeJS.WriteStream): Promise<void> {
  const settled = new AbortController();
  const ends = ["drain", "close", "error"].map((event) =>
    once(stream, event, { signal: settled.signal }),
  );
  await Promise.race(ends).catch(() => undefined);
  settled.abort();
  await Promise.allSettled(ends);
}

function keyboardOf(process: NodeJS.Process, interrupted: AbortSignal): Keyboard {
  return {
    isTTY: process.stdin.isTTY,
    keys: (listener) => keysOf(process, listener),
    ask: async (question) => {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      // In raw mode the terminal sends Ctrl-C as a key, which readline handles.
      const ended = new Promise<undefined>((resolve) => {
        lines.once("close", () => resolve(undefined));
        lines.once("SIGINT", () => {
          process.emit("SIGINT");
          lines.close();
        });
      });
      try {
        // SIGTERM and SIGHUP are not keys: they end the question from outside.
        const answer = lines.question(plainText(question));
        return await unlessAborted(Promise.race([answer, ended]), interrupted);
      } finally {
        lines.close();
      }
    },
  };
}

/** In raw mode Ctrl-C is a key like any other. Node itself restores the terminal where the process ends meanwhile. */
function keysOf(process: NodeJS.Process, listener: (key: Key) => void): () => void {
  const { stdin } = process;
  const onKey = (text: string | undefined, { name = "", ctrl = false }: ReadlineKey): void => {
    if (ctrl && name === "c") process.emit("SIGINT");
    else listener({ text: text ?? "", name, ctrl });
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.on("keypress", onKey).resume();
  return () => {
    stdin.off("keypress", onKey).pause();
    stdin.setRawMode(false);
  };
}

/** Without HOME and a passwd entry there is no home; container runtimes then set `/`. */
function homeOf(process: NodeJS.Process): string {
  try {
    return process.env["HOME"] || homedir();
  } catch {
    // The AWS SDK and programs that are started look there as well.
    process.env["HOME"] = "/";
    return "/";
  }
}

/** A container may run under a UID without a passwd entry. */
function userName(process: NodeJS.Process): string {
  const named = process.env["USER"] || process.env["USERNAME"];
  if (named) return named;
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
