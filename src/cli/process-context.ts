import { execFile } from "node:child_process";
import { homedir, hostname, userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { setTimeout as pause } from "node:timers/promises";
import { countInterrupts } from "./run/interrupts.ts";
import type { Keyboard, Sink, CliContext } from "./context.ts";

/** The world as the process sees it. `process` is an argument: only bin.ts knows the global one. */
export function contextOf(process: NodeJS.Process, version: string): CliContext {
  const interrupts = countInterrupts();
  process.on("SIGINT", interrupts.onSignal);
  process.on("SIGTERM", interrupts.onSignal);
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    home: process.env["HOME"] || homedir(),
    user: userName(process),
    host: hostname(),
    version,
    out: sinkOf(process.stdout),
    err: sinkOf(process.stderr),
    keyboard: keyboardOf(process),
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
    capture: (command, args) =>
      new Promise((resolve) => {
        execFile(command, [...args], { timeout: 3000 }, (error, stdout) =>
          resolve(error ? undefined : stdout.trim()),
        );
      }),
  };
}

/** A stream whose reader may leave (`| head -1`): what is written afterwards is dropped, and the run goes on to its exit code. */
function sinkOf(stream: NodeJS.WriteStream): Sink {
  let gone = false;
  stream.on("error", () => {
    gone = true;
  });
  return {
    write: (text) => {
      if (!gone) stream.write(text);
    },
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns || 80;
    },
  };
}

function keyboardOf(process: NodeJS.Process): Keyboard {
  return {
    isTTY: process.stdin.isTTY,
    ask: async (question) => {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      // In raw mode the terminal sends Ctrl-C as a key, which would only end the question.
      const ended = new Promise<undefined>((resolve) => {
        lines.once("close", () => resolve(undefined));
        lines.once("SIGINT", () => {
          process.emit("SIGINT");
          lines.close();
        });
      });
      try {
        return await Promise.race([lines.question(question), ended]);
      } finally {
        lines.close();
      }
    },
  };
}

/** An account without a name (a container's random uid) is still somebody. */
function userName(process: NodeJS.Process): string {
  const named = process.env["USER"] || process.env["USERNAME"];
  if (named) return named;
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
