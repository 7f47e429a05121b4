import { execFile } from "node:child_process";
import { homedir, hostname, userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { setTimeout as pause } from "node:timers/promises";
import { exitCode } from "../protocol/exit-code.ts";
import { countInterrupts } from "./run/interrupts.ts";
import { plain } from "./output/terminal/styled.ts";
import { sinkOf, type TextStream } from "./output/terminal/sink.ts";
import type { Keyboard, CliContext } from "./context.ts";

/** The context of a real process. `process` is a parameter: only bin.ts uses the global one. */
export function contextOf(process: NodeJS.Process, version: string): CliContext {
  const interrupts = countInterrupts(() => process.exit(exitCode.interrupted));
  process.on("SIGINT", interrupts.onSignal);
  process.on("SIGTERM", interrupts.onSignal);
  const workflow = process.env["GITHUB_ACTIONS"] === "true";
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    home: process.env["HOME"] || homedir(),
    user: userName(process),
    uid: process.getuid?.(),
    host: hostname(),
    version,
    out: sinkOf(streamOf(process.stdout), { workflow }),
    err: sinkOf(streamOf(process.stderr), { workflow }),
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

/** A stream whose reader may go away (`| head -1`): later output is dropped, and the run continues to its exit code. */
function streamOf(stream: NodeJS.WriteStream): TextStream {
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
        return await Promise.race([lines.question(plain(question)), ended]);
      } finally {
        lines.close();
      }
    },
  };
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
