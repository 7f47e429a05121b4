import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern what was typed, confirmed or interrupted. */
export const commandLineCodes = {
  "all-and-named": {
    kinds: ["usage"],
    meaning: "`--all` was combined with the names of environments.",
    causes: [
      "`down ENVIRONMENT --all` was meant to roll back everything: that option is `--everything`.",
    ],
    remedies: [
      "Omit one of the two: `--all` means every configured environment.",
      "To roll back every migration of one environment: `hasura-migrate down ENVIRONMENT --everything`.",
    ],
  },
  "confirmation-needed": {
    kinds: ["usage"],
    meaning: "The command needs a confirmation, but there is no terminal to prompt in.",
    causes: [
      "It runs in CI, in a pipe, or with `--json`.",
      "The environment is protected, or the command rolls back migrations.",
    ],
    remedies: [
      "Confirm on the command line: `--yes`, or `--yes=ENVIRONMENT` for a protected environment.",
      "Or run it in a terminal.",
    ],
  },
  "database-name": {
    kinds: ["usage"],
    meaning: "The name given with `new --database` cannot be used as a directory name.",
    causes: [
      "The name contains a slash, or a character that Windows reserves.",
      "It is the name of a device on Windows, such as `con` or `aux`.",
    ],
    remedies: [
      "Use the name of the source in Hasura's metadata, for instance `--database default`.",
    ],
  },
  "database-needed": {
    kinds: ["usage"],
    meaning: "The project has several databases, but this request needs exactly one.",
    causes: ["`down`, `redo`, `mark`, `--to` and `--only` refer to one database."],
    remedies: ["Repeat the command with `--database NAME`; the hints list the names."],
  },
  declined: {
    kinds: ["usage"],
    meaning:
      "The confirmation was declined, or the environment's name was not typed; nothing was changed.",
    causes: ["You declined.", "The typed name is not the environment's."],
    remedies: [
      "Repeat the command and confirm, or pass `--yes` (`--yes=ENVIRONMENT` where it is protected).",
    ],
  },
  detached: {
    kinds: ["interrupted"],
    meaning: "You stopped watching; the run may continue in the function.",
    causes: ["Ctrl-C was pressed twice, or once if the run cannot be asked to stop."],
    remedies: [
      "See what it is doing: `hasura-migrate history ENVIRONMENT --run ID`.",
      "Stop it after its current migration: `hasura-migrate cancel ENVIRONMENT --run ID`.",
    ],
  },
  "environment-missing": {
    kinds: ["usage"],
    meaning: "The command needs the name of an environment.",
    causes: ["The name was left out."],
    remedies: [
      "List the names: `hasura-migrate envs`.",
      "Name one: `hasura-migrate status dev-1`.",
    ],
  },
  "environment-name": {
    kinds: ["usage"],
    meaning: "The name contains characters that an environment's name cannot have.",
    causes: ["A typo: only letters, digits, dots, dashes and underscores are allowed."],
    remedies: ["Correct the name; `hasura-migrate envs` lists the configured ones."],
  },
  "environment-unknown": {
    kinds: ["usage"],
    meaning: "The configuration has no environment of that name.",
    causes: ["A typo.", "A different configuration file was found from the one you meant."],
    remedies: [
      "List the configured environments: `hasura-migrate envs`.",
      "Add the environment to the file, or name another file with `--config`.",
    ],
  },
  "group-as-environment": {
    kinds: ["usage"],
    meaning: "The name of a group was given where an environment is expected.",
    causes: ["`--group` was left out."],
    remedies: ["Name the group with `--group NAME`."],
  },
  "group-unknown": {
    kinds: ["usage"],
    meaning: "No group with that name is configured.",
    causes: ["A typo.", '`"groups"` is missing in the configuration that is used.'],
    remedies: [
      "See which configuration is used, and what it contains: `hasura-migrate envs`.",
      'Add the group: `"groups": { "NAME": ["dev-1", "dev-2"] }`.',
    ],
  },
  "local-with-others": {
    kinds: ["usage"],
    meaning: "The embedded environment `local` was named together with other environments.",
    causes: ["One command was used for both this machine and AWS."],
    remedies: ["Run a separate command for `local`."],
  },
  "migration-name": {
    kinds: ["usage"],
    meaning: "The name given to `new` cannot be part of a directory name.",
    causes: [
      "The name is empty, begins with a dot, contains a slash, or is longer than 120 bytes.",
      "It has neither letters nor digits.",
    ],
    remedies: ["Use words and underscores: `hasura-migrate new add_invoices`."],
  },
  "one-function-for-several": {
    kinds: ["usage"],
    meaning: "One function was named for several environments, but each environment has its own.",
    causes: ["`--function NAME` together with several environments."],
    remedies: [
      "Put `{env}` into the name: `--function 'team-{env}-migrate'`.",
      'Name each function in `hasura-migrate.json`, with `"function"`.',
    ],
  },
  "option-ignored": {
    kinds: ["usage"],
    meaning: "An option has no effect in this environment, so it is refused.",
    causes: [
      "`--database-url` and `--migrations` belong to `local` only.",
      "`--profile`, `--region`, `--function` and `--endpoint-url` belong to environments in AWS.",
    ],
    remedies: ["Repeat the command without the option; the hint is that command."],
  },
  "page-not-written": {
    kinds: ["usage"],
    meaning:
      "The file of `status --html FILE` could not be written; an existing file is unchanged.",
    causes: [
      "The directory does not exist, or FILE is a directory.",
      "You may not write the file or its directory, or the file system is read-only.",
      "The disk is full.",
    ],
    remedies: [
      "Name a file in a directory that exists and that you may write to.",
      "Write the page to stdout, with `--html -`.",
    ],
  },
  protected: {
    kinds: ["usage"],
    meaning:
      "The function belongs to a protected environment but was not given its name as confirmation.",
    causes: [
      "The function has `HASURA_MIGRATE_PROTECTED=true`, but your configuration does not mark the environment as protected.",
    ],
    remedies: [
      "Repeat the command with `--yes=ENVIRONMENT`.",
      'Set `"protected": true` for the environment in `hasura-migrate.json`, so that the CLI asks.',
    ],
  },
  "stage-empty": {
    kinds: ["usage"],
    meaning: "No environment is left for one of the stages, because each environment runs once.",
    causes: [
      "All environments of a `--then` already run in another stage.",
      "All environments of the first stage, such as a group or `--all`, are named again in later stages.",
    ],
    remedies: [
      "Name each environment in the stage that it is meant to run in: `hasura-migrate --all --then prod` runs `prod` last.",
    ],
  },
  stopped: {
    kinds: ["interrupted"],
    meaning: "The run was stopped while it waited for another one; nothing has run.",
    causes: ["Ctrl-C, `hasura-migrate cancel`, or the end of the function's time."],
    remedies: ["Run the same command again once the other run has ended."],
  },
  unexpected: {
    kinds: ["bug"],
    meaning: "A bug in hasura-migrate.",
    causes: ["The program met a situation that it does not handle."],
    remedies: [
      "Repeat the command with `--debug` and report what it prints.",
      "See what was applied: `hasura-migrate status ENVIRONMENT`.",
    ],
  },
  "unknown-command": {
    kinds: ["usage"],
    meaning: "There is no such command.",
    causes: ["A typo; the message suggests the nearest command."],
    remedies: ["List the commands: `hasura-migrate --help`."],
  },
  "unknown-database": {
    kinds: ["usage"],
    meaning: "Hasura, or the project, has no database of that name.",
    causes: [
      "`--database` is mistyped.",
      "The migrations directory has a folder for a database that is not connected in this environment.",
    ],
    remedies: [
      "Compare with the names in the hint; connect the database in Hasura's metadata first, or name one with `--database NAME`.",
    ],
  },
  "unknown-option": {
    kinds: ["usage"],
    meaning: "The function does not support an option of this request.",
    causes: ["The function's image is older than the client."],
    remedies: ["Deploy a newer image, or omit the option."],
  },
  usage: {
    kinds: ["usage"],
    meaning:
      "The command line could not be understood: an unknown option, a missing argument or an invalid value.",
    causes: ["A typo, or options that exclude each other."],
    remedies: [
      "Read the command's help: `hasura-migrate COMMAND --help`, or the [command reference](reference.md).",
    ],
  },
  "version-too-large": {
    kinds: ["usage"],
    meaning: "A migration's version is larger than 9223372036854775807.",
    causes: ["A directory name begins with too many digits."],
    remedies: [
      "Rename the directory; a version is a Unix time in milliseconds, such as `1700000000000`.",
    ],
  },
  "yes-mismatch": {
    kinds: ["usage"],
    meaning: "`--yes=NAME` names a different environment from the command.",
    causes: ["A command was copied from a different environment."],
    remedies: ["Use the name of the environment: `--yes=ENVIRONMENT`."],
  },
  "yes-needs-name": {
    kinds: ["usage"],
    meaning: "The environment is protected, and a bare `--yes` does not confirm a change there.",
    causes: ["`--yes` was given without a name."],
    remedies: ["Confirm with the name: `--yes=ENVIRONMENT`."],
  },
} as const satisfies FailureCodeEntries;
