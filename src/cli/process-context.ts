import { execFile, spawn } from "node:child_process";
import { homedir, hostname, userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { setTimeout as pause } from "node:timers/promises";
import { exitCode } from "../protocol/exit-code.ts";
import { countInterrupts } from "./run/interrupts.ts";
import type { Keyboard, Sink, CliContext } from "./context.ts";

/** The context of a real process. `process` is a parameter: only bin.ts uses the global one. */
export function contextOf(process: NodeJS.Process, version: string): CliContext {
  const interrupts = countInterrupts(() => process.exit(exitCode.interrupted));
  process.on("SIGINT", interrupts.onSignal);
  process.on("SIGTERM", interrupts.onSignal);
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    home: homeOf(process),
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
    runProgram: (command, args) =>
      new Promise((resolve) => {
        spawn(command, [...args], { stdio: ["inherit", process.stderr, "inherit"] })
          .once("error", () => resolve(false))
          .once("close", (code) => resolve(code === 0));
      }),
  };
}

/** A stream whose reader may go away (`| head -1`): later output is dropped, and the run continues to its exit code. */
function sinkOf(stream: NodeJS.WriteStream): Sink {
  let broken = false;
  stream.on("error", () => {
    broken = true;
  });
  return {
    write: (text) => {
      if (!broken) stream.write(text);
    },
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

function keyboardOf(process: NodeJS.Process): Keyboard {
  return {
    isTTY: process.stdin.isTTY,
    ask: async (question) => {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      // In raw mode the terminal sends Ctrl-C as a key, which readline handles by itself.
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

/** Without HOME and a passwd entry there is no home; `/` is what container runtimes set then. */
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
