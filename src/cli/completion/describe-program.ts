import type { Argument } from "commander";
import type { CliCommand, CliOption } from "../options/command-line.ts";
import type { CommandSyntax, Completes, OptionSyntax, ProgramSyntax } from "./syntax.ts";

/** The tree of commands as data for completion. Global options are listed once. */
export function describeProgram(program: CliCommand): ProgramSyntax {
  const [command] = program.cliCommands;
  const inEach = new Set(command?.cliOptions.map(({ long }) => long));
  const global = program.cliOptions.filter(({ long }) => inEach.has(long));
  const names = new Set(global.map(({ long }) => long));
  const describeAll = (options: readonly CliOption[], of: CliCommand): OptionSyntax[] =>
    options.map((option) => describe(option, of));
  return {
    // commander keeps the option for help apart.
    options: [...describeAll(global, program), { names: ["--help", "-h"], what: "print help" }],
    alone: describeAll(
      program.cliOptions.filter(({ long }) => !names.has(long)),
      program,
    ),
    commands: [
      ...program.cliCommands.map((each) => ({
        name: each.path,
        what: each.summary() || each.description(),
        options: describeAll(
          each.cliOptions.filter(({ long }) => !names.has(long)),
          each,
        ),
        ...operandOf(each.registeredArguments),
      })),
      // A word that stands for --help (options/synonyms.ts).
      {
        name: "help",
        what: "print the help of a command",
        options: [],
        operand: program.cliCommands.map((each) => each.path),
      },
    ],
    groups: Object.fromEntries(
      program.commands
        .filter(({ commands }) => commands.length > 0)
        .map((group) => [group.name(), group.summary()]),
    ),
    defaultCommand: "apply",
  };
}

function describe(option: CliOption, command: CliCommand): OptionSyntax {
  const excludes = command.cliOptions.filter((other) => option.excludes.has(other.attributeName()));
  return {
    names: [option.long, option.short].flatMap((name) => name ?? []),
    what: option.description,
    ...((option.required || option.optional) && {
      value: option.argChoices ?? option.completion,
    }),
    ...(option.optional && { valueIsOptional: true }),
    ...(option.parseArg && { repeats: true }),
    ...(excludes.length > 0 && { excludes: excludes.flatMap(({ long }) => long ?? []) }),
  };
}

function operandOf(operands: readonly Argument[]): Pick<CommandSyntax, "operand" | "variadic"> {
  const [first] = operands;
  if (first === undefined) return {};
  return { operand: completionOf(first), ...(first.variadic && { variadic: true }) };
}

function completionOf(operand: Argument): Completes {
  if (operand.argChoices) return operand.argChoices;
  return operand.name() === "environment" ? "environment" : "nothing";
}
