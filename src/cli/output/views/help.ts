import type { Command } from "commander";
import { exitCode, exitCodeMeaning, isKind } from "../../../protocol/exit-code.ts";
import { CliCommand, type Example } from "../../options/command-line.ts";

/** Completes the help of the whole program: examples, exit codes and how to name an environment like a command. */
export function addProgramHelp(program: CliCommand): void {
  program
    .configureHelp({ minWidthToWrap: 12, subcommandTerm: termOf })
    .example("dev-1", "apply what is pending")
    .example("status dev-1")
    .example("local", "try it on this machine")
    .addHelpText("after", () => [examplesText(program), exitCodesText(), namesakeText].join("\n"));
}

/** Completes the help of one command: examples, and the options that every command takes. `--help --all` lists those in full. */
export function addCommandHelp(command: CliCommand): void {
  const common = command.options.filter(({ hidden }) => hidden).map(({ long }) => long ?? "");
  command
    .addHelpText("before", () => {
      if (asksForAll(command)) for (const option of command.options) option.hideHelp(false);
      return "";
    })
    .addHelpText("after", () =>
      [
        ...(command.examples.length > 0 ? [examplesText(command)] : []),
        ...(asksForAll(command) ? [] : [globalOptionsText(command, common)]),
      ].join("\n"),
    );
}

function asksForAll({ typed, unknown }: CliCommand): boolean {
  return unknown.includes("--all") || typed.some(({ option }) => option.long === "--all");
}

function globalOptionsText(command: CliCommand, names: readonly string[]): string {
  const text = `Global options: ${names.join(", ")}\n(described by: hasura-migrate ${nameOf(command)} --help --all)`;
  return `\n${wrapped(command, text)}`;
}

function examplesText(command: CliCommand): string {
  const help = command.createHelp();
  help.helpWidth = widthOf(command);
  const terms = command.examples.map(({ args }) => `hasura-migrate ${args}`);
  const width = Math.max(
    ...terms.filter((_, i) => command.examples[i]?.what !== undefined).map(({ length }) => length),
    0,
  );
  const line = ({ what }: Example, i: number): string =>
    help.formatItem(terms[i] ?? "", width, what ?? "", help);
  return ["", "Examples:", ...command.examples.map(line)].join("\n");
}

function wrapped(command: CliCommand, text: string): string {
  return command.createHelp().boxWrap(text, widthOf(command));
}

function widthOf(command: CliCommand): number {
  return command.configureOutput().getOutHelpWidth?.() ?? 80;
}

/** One per line: no line is wider than a narrow terminal. */
function exitCodesText(): string {
  const rows = Object.entries(exitCode).map(
    ([kind, code]) => `  ${String(code).padEnd(4)} ${isKind(kind) ? exitCodeMeaning[kind] : ""}`,
  );
  return ["", "Exit codes:", "  0    done, or nothing to do", ...rows].join("\n");
}

const namesakeText = `
For an environment named like a command:
  hasura-migrate apply <environment>`;

/** A command with its operands. `[options]`, which nearly all commands take, would only narrow the next column. */
function termOf(command: Command): string {
  const operands = command.registeredArguments.map((argument) => {
    const text = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${text}>` : `[${text}]`;
  });
  return [nameOf(command), ...operands].join(" ");
}

const nameOf = (command: Command): string =>
  command instanceof CliCommand ? command.path : command.name();
