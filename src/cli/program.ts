import { CommanderError } from "commander";
import { apply } from "./commands/apply.ts";
import { baseline } from "./commands/baseline.ts";
import { cancel } from "./commands/cancel.ts";
import type { CommandModule, RawOptions } from "./commands/command.ts";
import { completion } from "./commands/completion.ts";
import { doctor } from "./commands/doctor.ts";
import { down } from "./commands/down.ts";
import { envs } from "./commands/envs.ts";
import { history } from "./commands/history.ts";
import { init } from "./commands/init.ts";
import { locks } from "./commands/locks.ts";
import { lint } from "./commands/lint.ts";
import { local } from "./commands/local.ts";
import { mark } from "./commands/mark.ts";
import { metadataApply } from "./commands/metadata-apply.ts";
import { metadataDiff } from "./commands/metadata-diff.ts";
import { metadataReload } from "./commands/metadata-reload.ts";
import { metadataRestore } from "./commands/metadata-restore.ts";
import { metadataStatus } from "./commands/metadata-status.ts";
import { metadataExport } from "./commands/metadata-export.ts";
import { newMigration } from "./commands/new.ts";
import { plan } from "./commands/plan.ts";
import { redo } from "./commands/redo.ts";
import { resetTo } from "./commands/reset-to.ts";
import { globalOptions } from "./commands/shared-options.ts";
import { seed } from "./commands/seed.ts";
import { sql } from "./commands/sql.ts";
import { squash } from "./commands/squash.ts";
import { status } from "./commands/status.ts";
import { verify } from "./commands/verify.ts";
import type { CommandResult } from "./command-result.ts";
import type { CliContext } from "./context.ts";
import { CliCommand, commandLineOf } from "./options/command-line.ts";
import { joinStages } from "./options/then-option.ts";
import { unknownTopic, withoutHelpWord } from "./options/synonyms.ts";
import { addCommandHelp, addProgramHelp } from "./output/views/help.ts";

/** Every command by its name, in the order of the help. */
const modules: Readonly<Record<string, CommandModule>> = {
  apply,
  status,
  plan,
  down,
  redo,
  "reset-to": resetTo,
  seed,
  mark,
  baseline,
  cancel,
  history,
  locks,
  sql,
  "metadata diff": metadataDiff,
  "metadata export": metadataExport,
  "metadata apply": metadataApply,
  "metadata status": metadataStatus,
  "metadata reload": metadataReload,
  "metadata restore": metadataRestore,
  new: newMigration,
  lint,
  verify,
  squash,
  local,
  init,
  envs,
  doctor,
  completion,
};

/** Parses argv and runs the chosen command. Usage errors and thrown errors are shown here. */
export async function runProgram(context: CliContext): Promise<CommandResult> {
  const program = createProgram(context.version, context.out);
  const topic = unknownTopic(context.argv, Object.keys(modules));
  const argv = withoutHelpWord(context.argv, Object.keys(modules));
  const parsed: Parsed =
    topic === undefined
      ? parse(program, joinStages(argv, takesValueIn(program)))
      : { command: undefined };
  // Help or the version was requested and has been written.
  if (parsed.thrown instanceof CommanderError && parsed.thrown.exitCode === 0) return "done";
  const commandContext = { ...context, commandLine: commandLineOf(program, parsed.command) };
  try {
    if (topic !== undefined) {
      const { unknownTopicError } = await import("./options/usage-error.ts");
      throw unknownTopicError(topic, commandContext.commandLine);
    }
    if (parsed.thrown instanceof CommanderError) {
      const { usageError } = await import("./options/usage-error.ts");
      throw usageError(parsed.thrown, commandContext.commandLine);
    }
    if (parsed.thrown instanceof Error) throw parsed.thrown;
    const module = modules[parsed.command?.path ?? ""];
    if (!module || !parsed.command) throw new Error("commander selected no command");
    return await module.run(commandContext, rawOptions(program, parsed.command, module));
  } catch (thrown) {
    const { reportError } = await import("./output/report-error.ts");
    return reportError(thrown, commandContext);
  }
}

/** The whole tree of commands, options and examples. Help is written to `out`. */
export function createProgram(
  version: string,
  out: { readonly columns: number; write(text: string): void },
): CliCommand {
  const program = new CliCommand("hasura-migrate")
    .description("Run Hasura migrations in a private VPC, through a function that runs there.")
    .usage("[options] <environment>\n       hasura-migrate [options] <command> [arguments]")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    // Otherwise a global option would also be found where it is the value of another option: `new x --sql --json`.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.write(text),
      // A usage error becomes a failure and is shown like any other.
      writeErr: () => undefined,
      getOutHelpWidth: () => out.columns,
    });
  for (const option of globalOptions()) program.addOption(option);
  addProgramHelp(program);
  for (const module of Object.values(modules)) {
    const command = module.declare(program);
    for (const option of globalOptions())
      command.addOption(option.helpGroup("Global options:").hideHelp());
    addCommandHelp(command);
  }
  return program;
}

/** Whether an option, of any command, takes the next word as its value. */
function takesValueIn(program: CliCommand): (word: string) => boolean {
  const options = [program, ...program.cliCommands].flatMap((command) => command.cliOptions);
  const withValue = options.filter(({ required }) => required);
  const words = new Set(withValue.flatMap(({ long, short }) => [long, short]));
  return (word) => words.has(word);
}

interface Parsed {
  /** The command that was chosen, or that reported the usage error. */
  readonly command: CliCommand | undefined;
  /** What ended the parse early: a `CommanderError` for help, the version and anything that is refused. */
  readonly thrown?: unknown;
}

function parse(program: CliCommand, argv: readonly string[]): Parsed {
  let command: CliCommand | undefined;
  for (const each of program.cliCommands) {
    each
      .action(() => {
        command = each;
      })
      .exitOverride((refusal) => {
        command = each;
        throw refusal;
      });
  }
  try {
    program.parse([...argv], { from: "user" });
    return { command };
  } catch (thrown) {
    return { command, thrown };
  }
}

/** The typed options, before any schema has checked them. The schemas apply the defaults. */
function rawOptions(program: CliCommand, command: CliCommand, module: CommandModule): RawOptions {
  const typed = [program, command].flatMap((each) =>
    Object.entries<unknown>(each.opts()).filter(
      ([name]) => each.getOptionValueSource(name) === "cli",
    ),
  );
  return { ...Object.fromEntries(typed), ...module.operands(command.operands) };
}
