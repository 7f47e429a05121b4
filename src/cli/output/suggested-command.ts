import type { Hint } from "../../protocol/hint.ts";
import type { Environment } from "../context.ts";
import {
  namedEnvironment,
  type CliOption,
  type CommandLine,
  type CommandSyntax,
  type TypedOption,
} from "../options/command-line.ts";
import { redactAddress, withoutSecrets } from "../options/redact-address.ts";

/** The first word of every command of this program. */
export const program = "hasura-migrate";

/** The typed command again, with the options of the hint in place of those that contradict them. */
export function repeatedCommand(
  hint: Extract<Hint, { kind: "retry" }>,
  commandLine: CommandLine,
  env: Environment,
): string[] {
  const { command, typed } = commandFor(hint.with, commandLine);
  const added = optionsNamed(hint.with, command);
  const kept = commandLine.options.filter(
    ({ option }) =>
      takes(command, option) &&
      !hint.without.includes(option.long ?? "") &&
      !added.some((other) => other.contradicts(option)),
  );
  const operands = command.name === "local" ? [] : operandsFor(command, commandLine);
  // After "--" an operand may look like an option.
  const ambiguous = operands.some((operand) => operand.startsWith("-"));
  return [
    program,
    ...(typed ? command.name.split(" ") : []),
    ...(ambiguous ? [] : operands),
    ...kept.flatMap((each) => wordsOf(each, env)),
    ...hint.with,
    ...(ambiguous ? ["--", ...operands] : []),
  ].map(withoutSecrets);
}

/** The typed command; `apply local` where `local` was typed, which is short for it but takes fewer options. */
function commandFor(
  added: readonly string[],
  { command, commandTyped, commands }: CommandLine,
): { readonly command: CommandSyntax; readonly typed: boolean } {
  const named = (name: string): CommandSyntax =>
    commands.find((each) => each.name === name) ?? { name, options: [], operands: [] };
  if (command === undefined) return { command: named("apply"), typed: false };
  const lacksOption = optionsNamed(added, command).length < added.filter(isOption).length;
  return command.name === "local" && lacksOption
    ? { command: named("apply"), typed: true }
    : { command, typed: commandTyped };
}

function operandsFor(command: CommandSyntax, commandLine: CommandLine): readonly string[] {
  return commandLine.command?.name === "local" && command.name !== "local"
    ? ["local"]
    : commandLine.operands;
}

/** A command of this program, with the options that were typed to select the environment, its database and its project. */
export function withTargetOptions(
  argv: readonly string[],
  commandLine: CommandLine,
  env: Environment,
): string[] {
  const words = argv.slice(1);
  const named = commandLine.commands.find(({ name }) => startsWith(words, name.split(" ")));
  const command = named ?? commandLine.commands.find(({ name }) => name === "apply");
  if (command === undefined || argv.includes("--help")) return argv.map(withoutSecrets);
  const [operand] = words.slice(named?.name.split(" ").length ?? 0);
  const environment =
    command.name === "local" ? "local" : operand?.startsWith("-") ? undefined : operand;
  const present = optionsNamed(argv, command);
  const carried = commandLine.options.filter(
    ({ option }) =>
      takes(command, option) &&
      !present.some((other) => other.contradicts(option)) &&
      isAbout(option, environment, namedEnvironment(commandLine)),
  );
  return [...argv.map(withoutSecrets), ...carried.flatMap((each) => wordsOf(each, env))];
}

const startsWith = (words: readonly string[], name: readonly string[]): boolean =>
  name.every((word, i) => words[i] === word);

/** True if an option that was typed for one environment also applies to the environment of a printed command. */
function isAbout(
  option: CliOption,
  printed: string | undefined,
  typed: string | undefined,
): boolean {
  if (option.scope === undefined) return false;
  // The configuration file does not depend on the environment.
  if (option.attributeName() === "config") return true;
  if (printed === undefined || (typed !== undefined && typed !== printed)) return false;
  return option.scope === "everywhere" || (option.scope === "local") === (printed === "local");
}

function isOption(word: string): boolean {
  return word.startsWith("--");
}

/** The options of a command that occur among some words. */
function optionsNamed(words: readonly string[], command: CommandSyntax): CliOption[] {
  const names = words.filter(isOption).map((word) => word.replace(/=.*/s, ""));
  return names.flatMap((name) => command.options.find(({ long }) => long === name) ?? []);
}

function takes({ options }: CommandSyntax, option: CliOption): boolean {
  return options.some(({ long }) => long === option.long);
}

/** An option as it is typed. A secret in its value is replaced by the variable that holds it, or by a placeholder. */
function wordsOf({ option, value }: TypedOption, env: Environment): string[] {
  const name = option.long ?? option.flags;
  if (value === undefined) return [name];
  // A value that should be an address but does not parse may be an address with a typo.
  const safe = option.flags.endsWith("<url>") ? redactAddress(value) : withoutSecrets(value);
  const shown = safe === value ? value : (variableHolding(value, env) ?? safe);
  // An optional value has to be attached, or it would be read as an operand.
  return option.optional ? [`${name}=${shown}`] : [name, shown];
}

/** `$DATABASE_URL` if that variable holds the value. */
function variableHolding(value: string, env: Environment): string | undefined {
  const name = Object.keys(env).find((each) => env[each] === value && variable.test(`$${each}`));
  return name === undefined ? undefined : `$${name}`;
}

const variable = /^\$[A-Z_][A-Z0-9_]*$/;
const needsNoQuotes = /^[\w@%+=:,./-]+$/;

/** A word for a POSIX shell. A variable is kept as such. */
export function quoted(word: string): string {
  if (variable.test(word)) return `"${word}"`;
  return needsNoQuotes.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
