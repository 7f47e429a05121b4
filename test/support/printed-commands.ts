import assert from "node:assert/strict";
import type { ZodType } from "zod";
import { apply } from "../../src/cli/commands/apply.ts";
import { baseline } from "../../src/cli/commands/baseline.ts";
import { cancel } from "../../src/cli/commands/cancel.ts";
import type { CommandModule } from "../../src/cli/commands/command.ts";
import { completion } from "../../src/cli/commands/completion.ts";
import { doctor } from "../../src/cli/commands/doctor.ts";
import { down } from "../../src/cli/commands/down.ts";
import { envs } from "../../src/cli/commands/envs.ts";
import { history } from "../../src/cli/commands/history.ts";
import { init } from "../../src/cli/commands/init.ts";
import { lint } from "../../src/cli/commands/lint.ts";
import { locks } from "../../src/cli/commands/locks.ts";
import { local } from "../../src/cli/commands/local.ts";
import { mark } from "../../src/cli/commands/mark.ts";
import { metadataApply } from "../../src/cli/commands/metadata-apply.ts";
import { metadataDiff } from "../../src/cli/commands/metadata-diff.ts";
import { metadataExport } from "../../src/cli/commands/metadata-export.ts";
import { metadataReload } from "../../src/cli/commands/metadata-reload.ts";
import { metadataRestore } from "../../src/cli/commands/metadata-restore.ts";
import { metadataStatus } from "../../src/cli/commands/metadata-status.ts";
import { newMigration } from "../../src/cli/commands/new.ts";
import { plan } from "../../src/cli/commands/plan.ts";
import { redo } from "../../src/cli/commands/redo.ts";
import { resetTo } from "../../src/cli/commands/reset-to.ts";
import { seed } from "../../src/cli/commands/seed.ts";
import { sql } from "../../src/cli/commands/sql.ts";
import { squash } from "../../src/cli/commands/squash.ts";
import { status } from "../../src/cli/commands/status.ts";
import { verify } from "../../src/cli/commands/verify.ts";
import { commandLineOf, type CliCommand } from "../../src/cli/options/command-line.ts";
import { commandWords } from "../../src/cli/options/command-words.ts";
import * as schemas from "../../src/cli/options/schemas.ts";
import { hintText } from "../../src/cli/output/hints.ts";
import { createProgram } from "../../src/cli/program.ts";
import { isCommandOf, type Hint } from "../../src/protocol/hint.ts";
import type { Operation } from "../../src/protocol/operations.ts";

/** What each command checks its command line with. */
const checks: Readonly<Record<string, readonly [CommandModule, ZodType]>> = {
  apply: [apply, schemas.ApplyOptions],
  status: [status, schemas.StatusOptions],
  plan: [plan, schemas.PlanOptions],
  down: [down, schemas.DownOptions],
  redo: [redo, schemas.RedoOptions],
  "reset-to": [resetTo, schemas.ResetToOptions],
  mark: [mark, schemas.MarkOptions],
  baseline: [baseline, schemas.BaselineOptions],
  cancel: [cancel, schemas.CancelOptions],
  history: [history, schemas.HistoryOptions],
  locks: [locks, schemas.LocksOptions],
  sql: [sql, schemas.SqlOptions],
  new: [newMigration, schemas.NewOptions],
  lint: [lint, schemas.LintOptions],
  verify: [verify, schemas.VerifyOptions],
  squash: [squash, schemas.SquashOptions],
  local: [local, schemas.LocalOptions],
  init: [init, schemas.InitOptions],
  envs: [envs, schemas.EnvsOptions],
  doctor: [doctor, schemas.TargetOptions],
  completion: [completion, schemas.CompletionOptions],
  "metadata diff": [metadataDiff, schemas.MetadataDiffOptions],
  "metadata export": [metadataExport, schemas.MetadataExportOptions],
  "metadata apply": [metadataApply, schemas.MetadataApplyOptions],
  "metadata restore": [metadataRestore, schemas.MetadataRestoreOptions],
  "metadata reload": [metadataReload, schemas.MetadataReloadOptions],
  "metadata status": [metadataStatus, schemas.MetadataStatusOptions],
  seed: [seed, schemas.SeedOptions],
};

/** Why the program refuses these words before it reads any configuration; undefined if it does not. */
export function refusalOf(words: readonly string[]): string | undefined {
  const program = createProgram("1.2.3", { columns: 80, write: () => undefined });
  let command: CliCommand | undefined;
  for (const each of program.cliCommands) each.action(() => void (command = each)).exitOverride();
  try {
    program.parse([...words], { from: "user" });
  } catch (thrown) {
    const isHelp = thrown instanceof Error && "exitCode" in thrown && thrown.exitCode === 0;
    return isHelp ? undefined : messageOf(thrown);
  }
  return command === undefined ? "no command" : refusedOptions(program, command);
}

function refusedOptions(program: CliCommand, command: CliCommand): string | undefined {
  const [module, schema] = checks[command.path] ?? assert.fail(`${command.path} has no schema`);
  const operands = module.operands(command.operands);
  const { environments } = operands;
  const { all, group } = command.opts<{ all?: boolean; group?: string[] }>();
  const isNamed = all === true || group !== undefined;
  if (
    Array.isArray(environments) &&
    environments.length === 0 &&
    !isNamed &&
    command.path !== "init"
  )
    return "no environment";
  const typed = [program, command].flatMap((each) =>
    Object.entries<unknown>(each.opts()).filter(
      ([name]) => each.getOptionValueSource(name) === "cli",
    ),
  );
  const options = { ...Object.fromEntries(typed), ...operands };
  try {
    schemas.parseOptions(schema, options, commandLineOf(program, command));
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * Commands and options in an operation's hints that the program does not accept, each with the reason. A retry hint may only use options
 * of the command it repeats.
 */
export function refusedHints(hints: readonly Hint[], operation: Operation): string[] {
  if (hints.length === 0) return [];
  const program = createProgram("1.2.3", { columns: 80, write: () => undefined });
  const name = operation === "rehearse" ? "plan" : commandWords(operation).join(" ");
  const options = program.cliCommands.find(({ path }) => path === name)?.cliOptions ?? [];
  const known = new Set([...program.cliOptions, ...options].map(({ long }) => long));
  return hints.flatMap((hint) => {
    if (hint.kind === "retry")
      return hint.with
        .filter((word) => word.startsWith("--"))
        .map((word) => word.replace(/=.*/s, ""))
        .filter((option) => !known.has(option))
        .map((option) => `${name} has no ${option}`);
    if (!isCommandOf(hint)) return [];
    const reason = hint.kind === "command" ? refusalOf(hint.argv.slice(1)) : undefined;
    return reason === undefined ? [] : [`${hintText(hint)}: ${reason}`];
  });
}

/** The commands of this program that hints in a text suggest, and that it would refuse, each with the reason. */
export function refusedCommands(text: string): string[] {
  return suggestedCommands(text).flatMap((command) => {
    const reason = refusalOf(shellWords(command).slice(1));
    return reason === undefined ? [] : [`${command}: ${reason}`];
  });
}

/** A hint is `→ COMMAND`, `→ REASON: COMMAND`, or a reason with the command on the next line, which is indented by four. A log line has its time before. */
function suggestedCommands(text: string): string[] {
  const hints = text.matchAll(/^(?:.*→ (?:.*: )?| {4})(hasura-migrate .*)$/gm);
  return [...hints].map(([, command = ""]) => command);
}

/** The words of a command as hints quote them: in single quotes, or in double quotes for a variable. */
function shellWords(command: string): string[] {
  const words = command.match(/(?:'[^']*'|\\'|"[^"]*"|[^\s'"\\])+/g) ?? [];
  return words.map((word) =>
    word.replace(/'([^']*)'|\\(')|"([^"]*)"/g, (_, ...parts: (string | undefined)[]) =>
      parts.slice(0, 3).join(""),
    ),
  );
}
