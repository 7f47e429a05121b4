import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import { waitSecondsOf } from "../options/duration.ts";
import type { CliContext } from "../context.ts";
import { localOptions } from "./shared-options.ts";

export function declareDown(program: Command, run: RunCommand): void {
  localOptions(
    program
      .command("down [environment] [count]")
      .summary("roll back the last migration, or the last few; asks first")
      .description("Roll back the last migration, or the last few. Asks first.")
      .option("--to <version>", "roll back everything above this version")
      .option("--only <version>", "roll back this one alone")
      .option("--all", "roll back everything")
      .option("--database <name>", "of this database only")
      .option("--dry-run", "print the plan, change nothing")
      .option(
        "-y, --yes [environment]",
        "do not ask; a protected environment wants its name: --yes=NAME",
      )
      .option("--no-transaction", "run every file outside a transaction")
      .option(
        "--wait <duration>",
        "wait this long for another run: 30s, 10m (60s in a terminal, else 10m)",
      )
      .option("--no-wait", "end with 5 when another run is in progress")
      .option("--no-reload", "do not reload Hasura's metadata afterwards"),
  ).action(
    (
      environment: string | undefined,
      steps: string | undefined,
      _flags: object,
      command: Command,
    ) =>
      run({
        ...command.optsWithGlobals(),
        environments: environment === undefined ? [] : [environment],
        steps,
      }),
  );
}

export async function runDown(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ DownOptions, parseOptions }, { runOperation }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../run/run-operation.ts"),
  ]);
  const intent = parseOptions(DownOptions, given, "down");
  const bounded = intent.to !== undefined || intent.only !== undefined || intent.all === true;
  const steps = bounded ? intent.steps : (intent.steps ?? 1);
  const what = intent.all
    ? "every migration"
    : intent.to
      ? `everything above ${intent.to}`
      : intent.only
        ? intent.only
        : steps === 1
          ? "the last migration"
          : `the last ${steps} migrations`;
  return runOperation(context, intent, {
    operation: "down",
    changes: !intent.dryRun,
    ...(!intent.dryRun && { question: `Roll back ${what} of {env}?` }),
    options: {
      to: intent.to,
      steps,
      only: intent.only,
      all: intent.all,
      database: intent.database,
      dryRun: intent.dryRun,
      noTransaction: intent.transaction ? undefined : true,
      reload: intent.reload ? undefined : false,
      waitSeconds: intent.dryRun ? undefined : waitSecondsOf(intent.wait, context),
    },
  });
}
