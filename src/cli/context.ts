import type { CommandLine } from "./options/command-line.ts";
import type { Interrupts } from "./run/interrupts.ts";

/** A stream a person or a program reads. */
export interface Sink {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Width of the terminal in columns; 80 where nobody knows. */
  readonly columns: number;
}

/** Where answers to questions come from. */
export interface Keyboard {
  readonly isTTY: boolean;
  /** Asks on stderr and waits for one line. Resolves to undefined when the input ends first. */
  ask(question: string): Promise<string | undefined>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything outside this program, so that any moment of a run can be tested. */
export interface CliContext {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  /** The person's home directory. */
  readonly home: string;
  readonly user: string;
  readonly host: string;
  /** This package's version. */
  readonly version: string;
  /** Results, and nothing else. */
  readonly out: Sink;
  /** Everything a person reads on the way. */
  readonly err: Sink;
  readonly keyboard: Keyboard;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Calls `tick` every `ms` milliseconds until the returned function is called; never keeps the process alive. */
  readonly every: (ms: number, tick: () => void) => () => void;
  readonly interrupts: Interrupts;
  /** Runs a program and resolves to its trimmed output, or to undefined when it fails or does not exist. */
  readonly capture: (command: string, args: readonly string[]) => Promise<string | undefined>;
}

/** The context of one command: everything outside, and the command line that chose it. */
export interface CommandContext extends CliContext {
  readonly commandLine: CommandLine;
}
