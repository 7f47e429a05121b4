/*
 * The tree of commands as data, for completion. Types only: the data is in command-tree.ts, which the build replaces by its
 * value.
 */

/** What completes a word: names that are looked up when Tab is pressed, or the shell's own completion of paths. */
export type WordKind =
  | "environment"
  | "environment-or-group"
  /** One of those that were typed, or any where none was. */
  | "typed-environment"
  | "group"
  | "profile"
  | "region"
  | "version"
  | "file"
  | "directory"
  | "nothing";

/** Either a kind of word, or the choices themselves. */
export type Completes = WordKind | readonly string[];

export interface OptionSyntax {
  /** `--yes`, and its short form. */
  readonly names: readonly string[];
  readonly what: string;
  /** Absent where it takes no value. */
  readonly value?: Completes;
  /** Set where a value can only follow `=`. */
  readonly valueIsOptional?: true;
  /** Set where it can be typed more than once. */
  readonly repeats?: true;
  /** Long names of the options it cannot be combined with. */
  readonly excludes?: readonly string[];
}

export interface CommandSyntax {
  readonly name: string;
  readonly what: string;
  readonly options: readonly OptionSyntax[];
  /** Its first operand; the last repeats where `variadic`. */
  readonly operand?: Completes;
  readonly variadic?: true;
}

export interface ProgramSyntax {
  /** Options that every command takes. */
  readonly options: readonly OptionSyntax[];
  /** Options that stand alone: `--version`. */
  readonly alone: readonly OptionSyntax[];
  readonly commands: readonly CommandSyntax[];
  /** What the commands that contain others are for, by name. */
  readonly groups: Readonly<Record<string, string>>;
  /** The command that is meant where none is typed. */
  readonly defaultCommand: string;
}
