import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint, type Hint } from "../../protocol/hint.ts";
import type { Operation } from "../../protocol/operations.ts";
import { didYouMean } from "../../did-you-mean.ts";
import { commandWords } from "../options/command-words.ts";
import { stageMembers } from "../options/then-option.ts";
import type { LoadedConfig } from "./load.ts";
import { conventionText, environmentNames, groupNames, noConfigText } from "./resolve-target.ts";
import { checkFirstWord, refuseGroup, type Typed } from "./misspelt-command.ts";

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

/** The words of an operation's command for one environment. */
function argsFor(operation: Operation, environment: string): string[] {
  return operation === "apply" ? [environment] : [...commandWords(operation), environment];
}
