import type { CommandLine } from "./options/command-line.ts";
import type { Styled } from "./output/terminal/styled.ts";
import type { WorkflowCommand } from "./output/workflow-command.ts";
import type { Interrupts } from "./run/cancellation.ts";

/** An output stream, read by a person or a program. Text is escaped here, at the last step. */
export interface Sink {
  /** Writes text: control characters other than line feeds and tabs are shown and have no effect. */
  write(text: string): void;
  /** Writes text that is safe already, with the escape sequences in it. */
  writeStyled(text: Styled): void;
  /** In GitHub Actions: an annotation of the job. */
  writeCommand(command: WorkflowCommand): void;
  /** Resolves when the reader has caught up or disconnected; undefined if it is not behind. */
  drained(): Promise<void> | undefined;
  readonly isTTY: boolean;
  /** Width of the terminal; 80 where it is not known. */
  readonly columns: number;
  /** Height of the terminal; 24 where it is not known. */
  readonly rows: number;
}

/** A key that was pressed. */
export interface Key {
  /** What it types; empty for a key that moves. */
  readonly text: string;
  /** `return`, `up`, `a`; empty where the terminal sent something else. */
  readonly name: string;
  readonly ctrl: boolean;
}

/** Answers the questions that a command asks. */
export interface Keyboard {
  readonly isTTY: boolean;
  /** Asks on stderr and waits for one line. Resolves to undefined if the input ends first. */
  ask(question: string): Promise<string | undefined>;
  /**
   * Passes on each key, without showing it, until the returned function is called; then the terminal is as before. Ctrl-C stays a
   * signal.
   */
  keys(listener: (key: Key) => void): () => void;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything outside this program: streams, clock, environment, signals. Tests pass their own. */
export interface CliContext {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  /** The user's home directory. */
  readonly home: string;
  readonly user: string;
  /** The user's id; undefined where the system has none (Windows). */
  readonly uid: number | undefined;
  readonly host: string;
  /** This package's version. */
  readonly version: string;
  /** Results only. */
  readonly out: Sink;
  /** Everything else that a person reads. */
  readonly err: Sink;
  readonly keyboard: Keyboard;
  /** Standard input, read only if a command needs it. */
  readonly input: () => AsyncIterable<Uint8Array>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Calls `tick` every `ms` milliseconds until the returned function is called; does not keep the process alive. */
  readonly every: (ms: number, tick: () => void) => () => void;
  readonly interrupts: Interrupts;
  /** Runs a program and resolves to its trimmed output, or to undefined if it fails or does not exist. */
  readonly capture: (command: string, args: readonly string[]) => Promise<string | undefined>;
  /**
   * Runs a program in this terminal, its output on stderr; resolves to true if it succeeded, false if it failed or does not
   * exist.
   */
  readonly runProgram: (command: string, args: readonly string[]) => Promise<boolean>;
  /**
   * Runs a command line in a shell and resolves to its output; rejects as `exec` of Node does. Once the signal is aborted, it is
   * killed with everything it has started.
   */
  readonly runShell: (command: string, signal: AbortSignal) => Promise<string>;
}

/** The context of one command: everything outside, and the command line that chose it. */
export interface CommandContext extends CliContext {
  readonly commandLine: CommandLine;
}
