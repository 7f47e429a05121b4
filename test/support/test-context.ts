import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { TestContext } from "vitest";
import { createInterrupts, type EndSignal } from "../../src/cli/run/cancellation.ts";
import type { Key, Sink, CliContext } from "../../src/cli/context.ts";
import { programsOf } from "../../src/cli/programs/programs.ts";
import { sinkOf } from "../../src/cli/output/terminal/sink.ts";
import { refusedCommands } from "./printed-commands.ts";

/** A stream that keeps what was written. */
export interface TextSink extends Sink {
  text: string;
  columns: number;
}

export interface TestCliContext extends CliContext {
  readonly out: TextSink;
  readonly err: TextSink;
  /** Programs that were run in the terminal, as they were typed. */
  readonly programs: string[];
  /** What was asked, in order. */
  readonly asked: string[];
  /** How long was slept, in order. */
  readonly slept: number[];
  /** Sends a signal: by default that of Ctrl-C. */
  readonly interrupt: (signal?: EndSignal) => void;
  /** How often the process was ended at once. */
  readonly exits: () => number;
  /** Resolves when a repeated timer of that length has been set; rejects if the command has ended by then. */
  readonly waitsFor: (ms: number, isOver: () => boolean) => Promise<void>;
  /** Presses keys, each once something reads them: characters, or names such as `down`. */
  readonly press: (...keys: readonly string[]) => Promise<void>;
  /** True while keys are read one by one. */
  readonly listensForKeys: () => boolean;
  /** Lets a repeated timer of that length fire once. */
  readonly tick: (ms: number) => void;
}

export interface TestContextOptions {
  readonly argv: readonly string[];
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly home?: string;
  readonly terminal?: boolean;
  readonly columns?: number;
  /** What the person types, question after question. */
  readonly types?: readonly string[];
  /** What is piped into the program. */
  readonly input?: string | Uint8Array;
  readonly git?: string;
  /** Set where a test shows hints that nobody could follow: the commands in them are not checked. */
  readonly foreignHints?: boolean;
  /** What a program does that is run in the terminal, and whether it succeeds. */
  readonly runProgram?: () => boolean;
}

/** 2026-11-24 12:04:11 UTC. */
export const instant = Date.UTC(2026, 10, 24, 12, 4, 11);

/**
 * A context of buffers: an empty home and working directory of its own, and a clock that moves only when something sleeps.
 * The test fails if the program would refuse a command that it has suggested.
 */
export function testContext(t: TestContext, options: TestContextOptions): TestCliContext {
  const terminal = options.terminal ?? false;
  const types = [...(options.types ?? [])];
  let exits = 0;
  const interrupts = createInterrupts(() => (exits += 1));
  const ticks = new Map<() => void, number>();
  const keyListeners = new Set<(key: Key) => void>();
  const asked: string[] = [];
  const slept: number[] = [];
  const programs: string[] = [];
  let now = instant;
  const workflow = options.env?.["GITHUB_ACTIONS"] === "true";
  const home = options.home ?? emptyDirectory(t);
  const out = textSink(terminal, options.columns ?? 80, workflow);
  const err = textSink(terminal, options.columns ?? 80, workflow);
  if (options.foreignHints !== true)
    t.onTestFinished(() => assert.deepEqual(refusedCommands(out.text + err.text), []));
  return {
    argv: options.argv,
    env: { ...options.env },
    cwd: options.cwd ?? emptyDirectory(t),
    home,
    user: "alice",
    uid: process.getuid?.(),
    host: "laptop",
    version: "0.1.0",
    out,
    err,
    keyboard: {
      isTTY: terminal,
      keys: (listener) => {
        keyListeners.add(listener);
        return () => keyListeners.delete(listener);
      },
      ask: async (question) => {
        asked.push(question);
        return types.shift();
      },
    },
    input: () => Readable.from(options.input === undefined ? [] : [Buffer.from(options.input)]),
    now: () => now,
    random: () => 0.5,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
    every: (ms, tick) => {
      ticks.set(tick, ms);
      return () => ticks.delete(tick);
    },
    interrupts,
    capture: async () => options.git,
    runProgram: async (command, args) => {
      programs.push([command, ...args].join(" "));
      return options.runProgram?.() ?? false;
    },
    runShell: programsOf(process, interrupts.first).runShell,
    programs,
    asked,
    slept,
    interrupt: (signal = "interrupt") => interrupts.onSignal(signal),
    exits: () => exits,
    waitsFor: async (ms, isOver) => {
      while (![...ticks.values()].includes(ms)) {
        if (isOver()) throw new Error(`the command ended without waiting for ${String(ms)} ms`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    press: async (...keys) => {
      for (const key of keys) {
        while (keyListeners.size === 0) await new Promise((resolve) => setImmediate(resolve));
        const [text, name] = key.length === 1 ? [key, key] : ["", key];
        for (const listener of [...keyListeners]) listener({ text, name, ctrl: false });
      }
    },
    listensForKeys: () => keyListeners.size > 0,
    tick: (ms) => {
      for (const [tick, every] of ticks) if (every === ms) tick();
    },
  };
}

export function emptyDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "hasura-migrate-"));
  t.onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** What arrives at a terminal, a pipe or a job's log; its size may change. */
export function textSink(isTTY: boolean, columns: number, workflow = false): TextSink {
  const kept = { text: "", isTTY, columns, rows: 24 };
  const safe = sinkOf(
    {
      ...kept,
      write: (text) => {
        sink.text += text;
      },
      drained: () => undefined,
    },
    { workflow },
  );
  const sink: TextSink = {
    ...kept,
    write: (text) => safe.write(text),
    writeStyled: (text) => safe.writeStyled(text),
    writeCommand: (command) => safe.writeCommand(command),
    drained: () => undefined,
  };
  return sink;
}
