import type { CommanderError } from "commander";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, type Hint } from "../../protocol/hint.ts";
import { refusals, type CliOption, type CommandLine, type CommandSyntax } from "./command-line.ts";
import { closestMatch, didYouMean } from "../../did-you-mean.ts";

/** What commander refused as a usage failure. Its hints are the command that takes such an option, and the help. */
export function usageError(refusal: CommanderError, commandLine: CommandLine): Failure {
  const hints = [
    ...(refusal.code === refusals.unknownOption ? applyTakesIt(commandLine) : []),
    helpHint(commandLine),
  ];
  return new Failure("usage", "usage", messageFor(refusal, commandLine), { hints });
}

/** The failure of `help WORD` for a word that is no command. */
export function unknownTopicError(topic: string, { commands }: CommandLine): Failure {
  const names = commands.map(({ name }) => name);
  const command = closestMatch(topic, names);
  return new Failure(
    "usage",
    "unknown-command",
    `There is no command "${topic}".${didYouMean(topic, names)}`,
    { hints: [runHint(command === undefined ? ["--help"] : [command, "--help"])] },
  );
}

/** The help of the command; that of the program where nothing but one unknown option was typed. */
function helpHint({ command, commandTyped, operands, unknown, group }: CommandLine): Hint {
  if (command === undefined && group !== undefined) return runHint([group.name, "--help"]);
  const isMeant =
    command !== undefined && (commandTyped || operands.length > 0 || unknown.length > 1);
  return runHint(isMeant ? [...command.name.split(" "), "--help"] : ["--help"]);
}

function messageFor(refusal: CommanderError, commandLine: CommandLine): string {
  const isInGroup = commandLine.command === undefined && commandLine.group !== undefined;
  return isInGroup ? missingCommand(commandLine) : messageAbout(refusal, commandLine);
}

function messageAbout(refusal: CommanderError, commandLine: CommandLine): string {
  const { command, operands } = commandLine;
  const unknown = commandLine.unknown[0] ?? "";
  switch (refusal.code) {
    case refusals.unknownOption: {
      const known = command?.options.flatMap(({ long }) => long ?? []) ?? [];
      const name = optionName(unknown);
      return `Unknown option "${name}".${didYouMean(name, known)}`;
    }
    case refusals.missingValue:
      return `${unknown} needs a value.`;
    case refusals.missingOperand:
      return `Missing argument: ${command?.operands[operands.length] ?? "?"}.`;
    case refusals.excessOperands:
      return `Too many arguments: ${operands.slice(command?.operands.length).join(", ")}.`;
    case refusals.conflict:
      return `${conflictingOptions(commandLine).join(" and ")} cannot be combined.`;
    default:
      return refusal.message;
  }
}

/** Of a command that contains others, one of those is needed: `metadata` alone does nothing. */
function missingCommand({ group, commands }: CommandLine): string {
  const { name: first = "", word } = group ?? {};
  const known = commands
    .filter(({ name }) => name.startsWith(`${first} `))
    .map(({ name }) => name.slice(first.length + 1));
  return word === undefined
    ? `"${first}" must be followed by one of: ${known.join(", ")}.`
    : `There is no command "${first} ${word}".${didYouMean(word, known)}`;
}

/** Long names of the options that were typed and exclude another one that was typed. */
function conflictingOptions({ options }: CommandLine): string[] {
  const typed = options.map(({ option }) => option);
  const conflicting = typed.filter((option) =>
    typed.some(
      (other) => other.attributeName() !== option.attributeName() && option.contradicts(other),
    ),
  );
  return [...new Set(conflicting.map((option) => option.long ?? option.flags))];
}

/** `local` is short for `apply local`, which takes more options, but not those of `local` alone. */
function applyTakesIt({ command, commands, options, unknown }: CommandLine): Hint[] {
  const apply = commands.find(({ name }) => name === "apply");
  if (command?.name !== "local" || apply === undefined) return [];
  const [word = "", ...others] = unknown;
  const option = optionOf(apply, word);
  const known = new Set(apply.options.map(({ long }) => long));
  if (option?.long === undefined || !options.every((typed) => known.has(typed.option.long)))
    return [];
  if (!isTaken(apply, unknown)) return [];
  // By its long name, which hints use.
  const renamed = `${option.long}${word.slice(optionName(word).length)}`;
  return [retryHint({ with: [renamed, ...others], reason: "apply has this option" })];
}

/** True if a command takes the options among the words together, and the last one does not lack its value. */
function isTaken(command: CommandSyntax, words: readonly string[]): boolean {
  const last = words.at(-1) ?? "";
  if (optionOf(command, last)?.required === true && !last.includes("=")) return false;
  const named = words.filter((word) => word.startsWith("-")).map((word) => optionOf(command, word));
  return named.every(
    (option) =>
      option !== undefined &&
      named.every((other) => other === option || !other?.contradicts(option)),
  );
}

function optionOf({ options }: CommandSyntax, word: string): CliOption | undefined {
  const name = optionName(word);
  return options.find(({ long, short }) => long === name || short === name);
}

function optionName(word: string): string {
  return word.replace(/=.*/s, "");
}
