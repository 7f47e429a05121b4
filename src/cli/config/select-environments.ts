import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint, type Hint } from "../../protocol/hint.ts";
import type { Operation } from "../../protocol/operations.ts";
import type { CommandSyntax } from "../options/command-line.ts";
import { closestMatch, didYouMean } from "../../did-you-mean.ts";
import { stageMembers } from "../options/then-option.ts";
import { commandWords } from "../options/command-words.ts";
import { commandFor, foreignWords } from "../options/synonyms.ts";
import type { LoadedConfig } from "./load.ts";
import {
  conventionText,
  environmentNames,
  groupNames,
  noConfigText,
  unknownEnvironment,
} from "./resolve-target.ts";

/** What the words were typed as arguments of. */
interface Typed {
  readonly operation: Operation;
  /** False where `apply` was left out. */
  readonly commandTyped: boolean;
  /** Every command there is. */
  readonly commands: readonly CommandSyntax[];
}

/** How environments are named on a command line. */
export interface NamedEnvironments {
  readonly environments: readonly string[];
  readonly all?: boolean | undefined;
  /** Values of `--group`. */
  readonly group: readonly string[];
  /** Values of `--then`. */
  readonly then: readonly string[];
  /** The value of `--yes`: the next word, if there is one. */
  readonly yes?: boolean | string | undefined;
}

/** What a command acts on. */
export type Selected =
  /** A single environment. */
  | { readonly kind: "one"; readonly environment: string }
  /** Stages, each of which starts when the one before it has succeeded. No environment is in two of them. */
  | { readonly kind: "several"; readonly stages: readonly (readonly string[])[] };

/** The environments that were named. Throws usage failures that list the valid names. */
export function selectEnvironments(
  named: NamedEnvironments,
  loaded: LoadedConfig,
  typed: Typed,
): Selected {
  const [first, ...others] = named.environments;
  if (first !== undefined) checkFirstWord(first, others, loaded, typed);
  if (named.then.length === 0 && !named.all && named.group.length === 0) {
    if (first === undefined) throw takenByYes(named) ?? noneNamed(loaded, typed.operation);
    if (others.every((other) => other === first)) return { kind: "one", environment: first };
  }
  if (named.all === true && first !== undefined)
    throw allAndNamed(named.environments, typed.operation);
  const stages = stagesOf(named, loaded);
  if (stages[0]?.length === 0) throw noneNamed(loaded, typed.operation, named.all);
  refuseLocal(stages);
  return { kind: "several", stages };
}

/** Each environment once. Throws if nothing is left for a stage. */
function stagesOf(named: NamedEnvironments, loaded: LoadedConfig): string[][] {
  const all = named.all === true ? environmentNames(loaded) : [];
  const first = [
    ...named.environments.flatMap(notAGroup(loaded)).map(byName),
    ...named.group.flatMap((group) => membersOf(group, loaded)).map(byGroup),
    ...all.map((name): Mention => ({ name, precedence: 0 })),
  ];
  const later = named.then.map((value) =>
    stageMembers(value).flatMap((name) =>
      groupNames(loaded).includes(name) ? membersOf(name, loaded).map(byGroup) : [byName(name)],
    ),
  );
  if (first.length === 0) return [[]];
  const stages = assignStages([first, ...later]);
  const empty = stages.findIndex((stage) => stage.length === 0);
  if (empty >= 0) throw stageEmpty(named.then[empty - 1]);
  return stages;
}

/** An environment in a stage. A name that was typed takes precedence over its group, and a group over `--all`. */
interface Mention {
  readonly name: string;
  readonly precedence: number;
}

const byName = (name: string): Mention => ({ name, precedence: 2 });
const byGroup = (name: string): Mention => ({ name, precedence: 1 });

/** Puts each environment into the stage of the mention that takes precedence; among equal ones, of the first. */
function assignStages(mentions: readonly (readonly Mention[])[]): string[][] {
  const assigned = new Map<string, { readonly stage: number; readonly precedence: number }>();
  for (const [stage, members] of mentions.entries())
    for (const { name, precedence } of members) {
      if (precedence <= (assigned.get(name)?.precedence ?? -1)) continue;
      // At its place in the later stage.
      assigned.delete(name);
      assigned.set(name, { stage, precedence });
    }
  return mentions.map((_, i) =>
    [...assigned].filter(([, { stage }]) => stage === i).map(([name]) => name),
  );
}

/** `then`: the value of `--then`; undefined for the first stage. */
function stageEmpty(then: string | undefined): Failure {
  const stage = then === undefined ? "the first stage" : `--then ${stageMembers(then).join(" ")}`;
  return new Failure(
    "usage",
    "stage-empty",
    `Nothing is left for ${stage}: all of its environments run in another stage.`,
    {
      hints: [
        textHint(
          "Each environment runs once, in the first stage that names it or, if none does, in the first stage that names one of its groups.",
        ),
      ],
    },
  );
}

function membersOf(group: string, loaded: LoadedConfig): readonly string[] {
  const { groups = {} } = loaded.config;
  // Not what every object has, such as `constructor`.
  const members = Object.hasOwn(groups, group) ? groups[group] : undefined;
  if (members !== undefined) return members;
  const names = groupNames(loaded);
  throw new Failure(
    "usage",
    "group-unknown",
    `Unknown group "${group}".${didYouMean(group, names)}`,
    {
      hints: [
        textHint(
          names.length === 0
            ? 'No groups are configured. Define them under "groups" in hasura-migrate.json.'
            : `Groups: ${names.join(", ")}.`,
        ),
        ...(loaded.file === undefined ? [runHint(["init"], "write that file")] : []),
      ],
    },
  );
}

/** The environment itself; throws where the word is the name of a group. */
function notAGroup(loaded: LoadedConfig): (word: string) => string[] {
  return (word) => {
    refuseGroup(word, loaded);
    return [word];
  };
}

function refuseGroup(word: string, loaded: LoadedConfig): void {
  if (!groupNames(loaded).includes(word) || environmentNames(loaded).includes(word)) return;
  throw new Failure("usage", "group-as-environment", `"${word}" is a group of environments.`, {
    hints: [textHint(`Use --group ${word}.`)],
  });
}

function allAndNamed(environments: readonly string[], operation: string): Failure {
  return new Failure(
    "usage",
    "all-and-named",
    `--all means every configured environment and cannot be combined with ${environments.join(", ")}.`,
    {
      hints: [
        retryHint({ without: ["--all"], reason: "for these only" }),
        // `down --all` may have been meant for all migrations.
        ...(operation === "down"
          ? [
              textHint(
                "To roll back every migration of an environment, use down with --everything.",
              ),
            ]
          : []),
      ],
    },
  );
}

function refuseLocal(stages: readonly (readonly string[])[]): void {
  if (!stages.some((stage) => stage.includes("local"))) return;
  throw new Failure(
    "usage",
    "local-with-others",
    "The embedded environment local cannot be combined with other environments.",
  );
}

/** Throws if the first word is a group, or more likely a misspelt command, or a command of another tool. */
function checkFirstWord(
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

function argsFor(operation: Operation, environment: string): string[] {
  return operation === "apply" ? [environment] : [...commandWords(operation), environment];
}

/** `--all` without a configuration, or with one that has no environments. */
function noneConfigured({ file }: LoadedConfig): Failure {
  const hints =
    file === undefined
      ? [runHint(["init"], "write hasura-migrate.json"), textHint(conventionText)]
      : [textHint(`Add them under "environments" in ${file}.`)];
  return new Failure("usage", "environment-missing", "No environments are configured.", { hints });
}

/** For `reset-to --yes dev-1`, where the environment was parsed as the value of `--yes`. */
function takenByYes({ yes }: NamedEnvironments): Failure | undefined {
  if (typeof yes !== "string") return undefined;
  return new Failure(
    "usage",
    "environment-missing",
    `No environment given: "${yes}" is the value of --yes.`,
    {
      hints: [
        textHint("Put the environment before --yes, which takes the word after it as its value."),
      ],
    },
  );
}

function noneNamed(loaded: LoadedConfig, operation: Operation, all = false): Failure {
  if (all) return noneConfigured(loaded);
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
