import { Failure } from "../../protocol/failure.ts";
import { runHint, textHint, type Hint } from "../../protocol/hint.ts";
import type { Operation } from "../../protocol/operations.ts";
import { closestMatch } from "../options/did-you-mean.ts";
import { commandFor, foreignWords } from "../options/synonyms.ts";
import type { LoadedConfig } from "./load.ts";
import { environmentNames, noConfigText } from "./resolve-target.ts";

/** What the words were typed for. */
interface Typed {
  readonly operation: Operation;
  /** False where `apply` was left out. */
  readonly commandTyped: boolean;
  /** Names of all commands. */
  readonly commandNames: readonly string[];
}

/** The one environment that was named. Throws usage failures that list what could have been. */
export function selectEnvironment(
  named: readonly string[],
  loaded: LoadedConfig,
  { operation, commandTyped, commandNames }: Typed,
): string {
  const [first, ...others] = named;
  if (first === undefined) throw noneNamed(loaded, operation);
  const configured = environmentNames(loaded);
  // Without a command before it, a word that no environment is configured for may be a command of another tool.
  if (!commandTyped && !configured.includes(first)) checkForeignWord(first, others);
  if (others.length === 0) return first;
  const command = closestMatch(first, commandNames);
  if (command !== undefined && !configured.includes(first)) {
    throw new Failure(
      "usage",
      "unknown-command",
      `Unknown command "${first}". Did you mean "${command}"?`,
      { hints: [runHint([command, ...others])] },
    );
  }
  throw new Failure(
    "usage",
    "one-at-a-time",
    `Only one environment per command (got ${named.join(", ")}).`,
    { hints: [runHint(argsFor(operation, first))] },
  );
}

/** Throws `usage/unknown-command` for words that other tools have for a command. */
function checkForeignWord(word: string, others: readonly string[]): void {
  const command = commandFor(word);
  if (command === undefined && !foreignWords.has(word.toLowerCase())) return;
  const meant = command === undefined ? "" : ` Did you mean "${command}"?`;
  throw new Failure("usage", "unknown-command", `There is no command "${word}".${meant}`, {
    hints: [
      command === undefined ? runHint(["--help"]) : runHint([command, ...others]),
      runHint(["apply", word, ...others], `if ${word} is an environment`),
    ],
  });
}

function argsFor(operation: Operation, environment: string): string[] {
  return operation === "apply" ? [environment] : [operation, environment];
}

function noneNamed(loaded: LoadedConfig, operation: Operation): Failure {
  const names = environmentNames(loaded);
  const known: Hint[] =
    names.length > 0
      ? [textHint(`Environments: ${names.join(", ")}.`)]
      : [textHint(noConfigText), runHint(argsFor(operation, "local"), "on this machine")];
  // `hasura-migrate status`, where an environment is called "status".
  const ambiguous = names.includes(operation)
    ? [runHint(["apply", operation], `to apply to the environment ${operation}`)]
    : [];
  return new Failure("usage", "environment-missing", "No environment given.", {
    hints: [...ambiguous, ...known],
  });
}
