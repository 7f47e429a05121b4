import { Command, CommanderError } from "commander";
import { declareApply, runApply } from "./commands/apply.ts";
import { declareCancel, runCancel } from "./commands/cancel.ts";
import { declareDown, runDown } from "./commands/down.ts";
import { declareEnvs, runEnvs } from "./commands/envs.ts";
import { declareHistory, runHistory } from "./commands/history.ts";
import { declareLocal, runLocal } from "./commands/local.ts";
import { declareMark, runMark } from "./commands/mark.ts";
import { declareNew, runNew } from "./commands/new.ts";
import { declarePlan, runPlan } from "./commands/plan.ts";
import { declareRedo, runRedo } from "./commands/redo.ts";
import { declareStatus, runStatus } from "./commands/status.ts";
import type { CommandResult } from "./command-result.ts";
import type { CliContext } from "./context.ts";

/** What a chosen command was given: its operands and every option, as text, before any schema has seen it. */
export type RawOptions = Readonly<Record<string, unknown>>;
export type RunCommand = (given: RawOptions) => Promise<void>;

/** Parses argv and runs the chosen command. What it throws and what commander refuses is shown with the environment that was named. */
export async function runProgram(context: CliContext): Promise<CommandResult> {
  let ended: CommandResult = "done";
  const bind = (
    run: (context: CliContext, given: RawOptions) => Promise<CommandResult>,
  ): RunCommand => {
    return async (given) => {
      try {
        ended = await run(context, given);
      } catch (thrown) {
        const { reportError } = await import("./output/report-error.ts");
        ended = reportError(thrown, context, environmentOf(given));
      }
    };
  };
  const program = newProgram(context);
  let refusedBy: string | undefined;
  declareApply(program, bind(runApply));
  declareStatus(program, bind(runStatus));
  declarePlan(program, bind(runPlan));
  declareDown(program, bind(runDown));
  declareRedo(program, bind(runRedo));
  declareMark(program, bind(runMark));
  declareCancel(program, bind(runCancel));
  declareHistory(program, bind(runHistory));
  declareNew(program, bind(runNew));
  declareLocal(program, bind(runLocal));
  declareEnvs(program, bind(runEnvs));
  for (const command of program.commands) {
    command.configureOutput(outputOf(context)).exitOverride((error) => {
      refusedBy = command.name();
      throw error;
    });
  }
  try {
    await program.parseAsync([...context.argv], { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return ended;
    const [{ usageFailure, environmentIn }, { reportError }] = await Promise.all([
      import("./options/usage-error.ts"),
      import("./output/report-error.ts"),
    ]);
    return reportError(
      usageFailure(thrown, program, refusedBy, context.argv),
      context,
      environmentIn(program, context.argv),
    );
  }
  return ended;
}

/** The environment a command was given, where it was one. */
function environmentOf({ environments }: RawOptions): string | undefined {
  const [one, ...others] = Array.isArray(environments) ? environments.map(String) : [];
  return others.length === 0 ? one : undefined;
}

function newProgram(context: CliContext): Command {
  return new Command("hasura-migrate")
    .description("Run Hasura migrations in a private VPC, through a function that lives there.")
    .usage("[options] <environment>\n       hasura-migrate [options] <command> [arguments]")
    .version(context.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .option("--json", "one JSON object a line on stdout, nothing else there")
    .option("-q, --quiet", "print results and failures only")
    .option("--no-color", "print without colours")
    .option("--profile <name>", "AWS profile to use")
    .option("--region <name>", "AWS region of the function")
    .option("--function <name>", "name or ARN of the function")
    .option("--endpoint-url <url>", "address of the Lambda service")
    .option("--config <file>", "configuration file")
    .option("--debug", "print stack traces")
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: 12, subcommandTerm: termOf })
    .exitOverride()
    .configureOutput(outputOf(context))
    .addHelpText("after", helpEnd);
}

/** A command with its operands. `[options]`, which nearly all have, would take the room of the words beside it. */
function termOf(command: Command): string {
  return [
    command.name(),
    ...command.registeredArguments.map((it) => operandOf(it.name(), it.required, it.variadic)),
  ].join(" ");
}

function operandOf(name: string, required: boolean, variadic: boolean): string {
  const text = variadic ? `${name}...` : name;
  return required ? `<${text}>` : `[${text}]`;
}

/** One a line: no line is wider than a narrow terminal. */
const helpEnd = `
Exit codes:
  0    done, or nothing to do
  1    a migration failed
  2    wrong usage or configuration
  3    AWS credentials or permission
  4    function or Hasura not reached, crashed or timed out
  5    another run holds the environment
  6    differences found (status --check)
  7    applied, but metadata is now inconsistent
  70   a bug
  130  interrupted

An environment named like a command:
  hasura-migrate apply <environment>`;

/** Help is a result. What commander would say about an error becomes a failure instead, which main shows. */
function outputOf(context: CliContext): {
  writeOut: (text: string) => void;
  writeErr: () => void;
  getOutHelpWidth: () => number;
} {
  return {
    writeOut: (text) => context.out.write(text),
    writeErr: () => undefined,
    getOutHelpWidth: () => context.out.columns,
  };
}

/** Names an environment can only have behind an explicit command. */
export const commandNames: readonly string[] = [
  "apply",
  "status",
  "plan",
  "down",
  "redo",
  "mark",
  "cancel",
  "history",
  "new",
  "local",
  "envs",
];
