import { Command, CommanderError, Option, type ParseOptionsResult } from "commander";
import type { Completes } from "../completion/syntax.ts";
import { environmentOperands } from "./operands.ts";

/** Which environments an option belongs to: every one, those in AWS, or the embedded one. */
export type OptionScope = "everywhere" | "aws" | "local";

/** An option that declares which options it conflicts with, and whether it selects what a command acts on. */
export class CliOption extends Option {
  /** Attribute names of the options it cannot be combined with. */
  readonly excludes = new Set<string>();
  /** Set if the option selects the environment, database or project: printed commands repeat it. */
  scope?: OptionScope;

  /** Set if the option names environments or how several are run: a printed command for one of them does not repeat it. */
  namesEnvironments = false;

  /** What completes its value in a shell. */
  completion: Completes = "nothing";

  override conflicts(names: string | string[]): this {
    for (const name of [names].flat()) this.excludes.add(name);
    return super.conflicts(names);
  }

  /** Marks an option that selects what a command acts on. */
  locates(scope: OptionScope): this {
    this.scope = scope;
    return this;
  }

  /** Marks an option that names environments, or how several are run. */
  names(): this {
    this.namesEnvironments = true;
    return this;
  }

  /** Declares what completes its value in a shell. */
  completedBy(words: Completes): this {
    this.completion = words;
    return this;
  }

  /** True where both cannot be in one command: they set the same thing, or are declared to conflict. */
  contradicts(other: CliOption): boolean {
    const [own, others] = [this.attributeName(), other.attributeName()];
    return own === others || this.excludes.has(others) || other.excludes.has(own);
  }
}

/** An option as it was typed; `value` is absent where none was given. */
export interface TypedOption {
  readonly option: CliOption;
  readonly value?: string;
}

/** An example of a command's help. */
export interface Example {
  /** Without the program's name. */
  readonly args: string;
  readonly what?: string;
}

/** Why commander refuses a command line: values of `CommanderError.code`. */
export const refusals = {
  unknownOption: "commander.unknownOption",
  missingValue: "commander.optionMissingArgument",
  missingOperand: "commander.missingArgument",
  excessOperands: "commander.excessArguments",
  conflict: "commander.conflictingOption",
} as const;

/** A command that keeps what commander parsed, so that a refused command line is known as far as it was understood. */
export class CliCommand extends Command {
  typed: TypedOption[] = [];
  operands: readonly string[] = [];
  /** The first word that no declared option matches, and those after it. */
  unknown: readonly string[] = [];
  readonly examples: Example[] = [];

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  override createOption(flags: string, description?: string): CliOption {
    return new CliOption(flags, description);
  }

  /** An example for the help: `status dev-1`, and what it does where that is not obvious. */
  example(args: string, what?: string): this {
    this.examples.push({ args, ...(what !== undefined && { what }) });
    return this;
  }

  override addOption(option: Option): this {
    super.addOption(option);
    if (option instanceof CliOption)
      this.on(`option:${option.name()}`, (value: string | null | undefined) =>
        this.typed.push({ option, ...(typeof value === "string" && { value }) }),
      );
    return this;
  }

  override parseOptions(argv: string[]): ParseOptionsResult {
    try {
      return this.#keep(super.parseOptions(argv));
    } catch (refusal) {
      if (refusal instanceof CommanderError && refusal.code === refusals.missingValue) {
        // Only an option at the very end can lack its value: everything before it is known.
        this.typed = [];
        this.#keep(super.parseOptions(argv.slice(0, -1)));
        this.unknown = argv.slice(-1);
      }
      throw refusal;
    }
  }

  /** Its name as it is typed, with those of the commands that contain it: `metadata diff`. */
  get path(): string {
    const { parent } = this;
    const isInside = parent instanceof CliCommand && parent.parent !== null;
    return isInside ? `${parent.path} ${this.name()}` : this.name();
  }

  /** Every command that can be run; one that contains others only begins their names. */
  get cliCommands(): readonly CliCommand[] {
    return this.commands
      .filter((command) => command instanceof CliCommand)
      .flatMap((command) => (command.commands.length > 0 ? command.cliCommands : [command]));
  }

  /** The command that contains others of this name; it is made for the first of them. */
  group(name: string, summary: string): CliCommand {
    const known = this.commands.find((command) => command.name() === name);
    if (known instanceof CliCommand) return known;
    const command = this.createCommand(name).summary(summary).helpCommand(false);
    this.addCommand(command);
    return command.copyInheritedSettings(this);
  }

  get cliOptions(): readonly CliOption[] {
    return this.options.filter((option) => option instanceof CliOption);
  }

  #keep(parsed: ParseOptionsResult): ParseOptionsResult {
    this.operands = parsed.operands;
    this.unknown = parsed.unknown;
    return parsed;
  }
}

/** What can be typed, as the program declares it. */
export interface CommandSyntax {
  /** As it is typed: `status`, `metadata diff`. */
  readonly name: string;
  readonly options: readonly CliOption[];
  /** Names of its operands. */
  readonly operands: readonly string[];
}

/** The command line as commander understood it: whole, or up to where it was refused. */
export interface CommandLine {
  /** Undefined where the program refused before it came to a command. */
  readonly command: CommandSyntax | undefined;
  /** False where `apply` was left out. */
  readonly commandTyped: boolean;
  readonly operands: readonly string[];
  /** In the order in which they were typed. */
  readonly options: readonly TypedOption[];
  /** The first word that was not understood, and all words after it. */
  readonly unknown: readonly string[];
  /** Every command there is. */
  readonly commands: readonly CommandSyntax[];
  /** A command that contains others, where one was typed, with the word behind it: `metadata`, `diff`. */
  readonly group?: { readonly name: string; readonly word: string | undefined };
}

/** The command line that `program` parsed; `command` is the one that it came to. */
export function commandLineOf(program: CliCommand, command: CliCommand | undefined): CommandLine {
  const commands = program.cliCommands.map(syntaxOf);
  return {
    command: commands.find(({ name }) => name === command?.path),
    commandTyped: command !== undefined && program.operands[0] === command.path.split(" ")[0],
    operands: command?.operands ?? [],
    options: [...program.typed, ...(command?.typed ?? [])],
    unknown: command?.unknown ?? program.unknown,
    commands,
    ...groupIn(program),
  };
}

function groupIn(program: CliCommand): Pick<CommandLine, "group"> {
  const [name] = program.operands;
  const group = program.commands.find((each) => each.name() === name);
  if (name === undefined || !(group instanceof CliCommand) || group.commands.length === 0)
    return {};
  return { group: { name, word: group.operands[0] } };
}

function syntaxOf(command: CliCommand): CommandSyntax {
  return {
    name: command.path,
    options: command.cliOptions,
    operands: command.registeredArguments.map((argument) => argument.name()),
  };
}

/** True where an option without a value was typed, by its attribute name: `isTyped(commandLine, "json")`. */
export function isTyped({ options }: CommandLine, attribute: string): boolean {
  return options.some(({ option }) => option.attributeName() === attribute);
}

/** The one environment that was named; undefined where none was, or several. */
export function namedEnvironment({ command, operands, options }: CommandLine): string | undefined {
  if (command?.name === "local") return "local";
  if (command?.operands[0] !== "environment") return undefined;
  const { environments } = environmentOperands(operands);
  const [first, ...others] = environments;
  const several = others.length > 0 || options.some(({ option }) => option.namesEnvironments);
  return several ? undefined : first;
}

/** The same command for one of the environments that were named. */
export function commandLineFor(environment: string, commandLine: CommandLine): CommandLine {
  return {
    ...commandLine,
    operands: [environment, ...environmentOperands(commandLine.operands).numbers],
    options: commandLine.options
      .filter(({ option }) => !option.namesEnvironments)
      .flatMap((typed) => confirmationFor(environment, typed)),
  };
}

/** `--yes=a,b` confirms only the environments that it names, and is refused for any other. */
function confirmationFor(environment: string, typed: TypedOption): TypedOption[] {
  if (typed.option.attributeName() !== "yes" || typed.value === undefined) return [typed];
  return confirmedNames(typed.value).includes(environment)
    ? [{ ...typed, value: environment }]
    : [];
}

/** The environments that the value of `--yes` names. */
export function confirmedNames(value: string): readonly string[] {
  return value.split(",").map((name) => name.trim());
}

/** The same command with environments that were chosen after it was typed. */
export function commandLineNaming(
  named: {
    readonly environments: readonly string[];
    readonly all?: boolean | undefined;
    readonly group: readonly string[];
  },
  commandLine: CommandLine,
): CommandLine {
  const option = (long: string): CliOption[] =>
    commandLine.command?.options.filter((each) => each.long === long) ?? [];
  return {
    ...commandLine,
    operands: [...named.environments, ...commandLine.operands],
    options: [
      ...commandLine.options,
      ...(named.all ? option("--all").map((each) => ({ option: each })) : []),
      ...named.group.flatMap((value) => option("--group").map((each) => ({ option: each, value }))),
    ],
  };
}

/** Operands whose value has a different name from the one in the help. */
const operandLabels: Readonly<Record<string, string>> = {
  versions: "version",
  environments: "environment",
  counts: "count",
};

/** The name in messages of the option or operand with this attribute name: `--steps`, `count`. */
export function labelOf(attribute: string, { command }: CommandLine): string {
  const option = command?.options.find((each) => each.attributeName() === attribute);
  return option?.long ?? operandLabels[attribute] ?? attribute;
}
