import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import type { CliCommand } from "../options/command-line.ts";

/** Operands and options of a chosen command as commander read them, before any schema has checked them. */
export type RawOptions = Readonly<Record<string, unknown>>;

/** One command of the program. */
export interface CommandModule {
  /** Adds it, with its operands, options and examples, to the program. */
  readonly declare: (program: CliCommand) => CliCommand;
  /** Its operands as options: `{ environments: ["dev-1"] }`. */
  readonly operands: (words: readonly string[]) => RawOptions;
  /** Runs it. Throws a `Failure` if it is refused before anything was shown. */
  readonly run: (context: CommandContext, options: RawOptions) => Promise<CommandResult>;
}
