import { Failure } from "../../protocol/failure.ts";
import { runHint, textHint, type Hint } from "../../protocol/hint.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { CommandSyntax } from "../options/command-line.ts";
import { closestMatch } from "../../did-you-mean.ts";
import { commandFor, foreignWords } from "../options/synonyms.ts";
import type { LoadedConfig } from "./load.ts";
import { environmentNames, groupNames, unknownEnvironment } from "./resolve-target.ts";

/** What the words were typed as arguments of. */
export interface Typed {
  readonly operation: Operation;
  /** False where `apply` was left out. */
  readonly commandTyped: boolean;
  /** Every command there is. */
  readonly commands: readonly CommandSyntax[];
}

/** Throws if the first word is a group, or more likely a misspelt command, or a command of another tool. */
export function checkFirstWord(
  word: string,
  others: readonly string[],
  loaded: LoadedConfig,
  { commandTyped, commands }: Typed,
): void {
  // Without a command before it, a word that no environment is configured for may be a command of another tool.
  if (environmentNames(loaded).includes(word)) return;
  refuseGroup(word, loaded);
  if (!commandTyped) checkForeignWord(word, others, commands);
  const names = commands.map(({ name }) => name);
  const command = closestMatch(word, names);
  if (command === undefined) return;
  if (others.length === 0) {
    if (!commandTyped) refuseMisspeltCommand(word, command, loaded, commands);
    return;
  }
  throw new Failure(
    "usage",
    "unknown-command",
    `Unknown command "${word}". Did you mean "${command}"?`,
    { hints: [meantCommand(command, others, commands)] },
  );
}

/**
 * Throws for a single word that resembles a command, unless it also resembles an environment. Without a configuration any word may
 * be an environment, so the failure also shows how to use it as one.
 */
function refuseMisspeltCommand(
  word: string,
  command: string,
  loaded: LoadedConfig,
  commands: readonly CommandSyntax[],
): void {
  const names = environmentNames(loaded);
  if (closestMatch(word, [...names, "local"]) !== undefined) return;
  if (names.length === 0) {
    if (/^[a-z]+$/i.test(word)) throw misspeltCommand(word, command, commands);
    return;
  }
  throw unknownEnvironment(word, loaded, {
    suggestion: ` Did you mean the command ${command}?`,
    hints: [meantCommand(command, [], commands)],
  });
}

function misspeltCommand(
  word: string,
  command: string,
  commands: readonly CommandSyntax[],
): Failure {
  return new Failure(
    "usage",
    "unknown-command",
    `Unknown command "${word}". Did you mean "${command}"?`,
    {
      hints: [
        meantCommand(command, [], commands),
        runHint(["apply", word], `if ${word} is an environment`),
      ],
    },
  );
}

/** Throws `usage/unknown-command` for words that are commands in other tools. */
function checkForeignWord(
  word: string,
  others: readonly string[],
  commands: readonly CommandSyntax[],
): void {
  const command = commandFor(word);
  if (command === undefined && !foreignWords.has(word.toLowerCase())) return;
  const meant = command === undefined ? "" : ` Did you mean "${command}"?`;
  throw new Failure("usage", "unknown-command", `There is no command "${word}".${meant}`, {
    hints: [
      command === undefined ? runHint(["--help"]) : meantCommand(command, others, commands),
      ...(others.length === 0 ? [runHint(["apply", word], `if ${word} is an environment`)] : []),
    ],
  });
}

/** Commands that need an option as well. */
const incompleteByOperands: ReadonlySet<string> = new Set(["mark"]);

/** The intended command with its arguments, or with the help option if those are incomplete. */
function meantCommand(
  name: string,
  words: readonly string[],
  commands: readonly CommandSyntax[],
): Hint {
  const [operand] = commands.find((command) => command.name === name)?.operands ?? [];
  return runHint([...name.split(" "), ...wordsFor(name, operand, words)]);
}

/** The arguments for a command, or the help option if they are incomplete. */
function wordsFor(
  name: string,
  operand: string | undefined,
  words: readonly string[],
): readonly string[] {
  if (operand === undefined) return [];
  if (words.length === 0 || incompleteByOperands.has(name)) return ["--help"];
  return operand === "environment" ? words : words.slice(0, 1);
}

/** Throws `usage/group-as-environment` if a word is the name of a group and of no environment. */
export function refuseGroup(word: string, loaded: LoadedConfig): void {
  if (!groupNames(loaded).includes(word) || environmentNames(loaded).includes(word)) return;
  throw new Failure("usage", "group-as-environment", `"${word}" is a group of environments.`, {
    hints: [textHint(`Use --group ${word}.`)],
  });
}
