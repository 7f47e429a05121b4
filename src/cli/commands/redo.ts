import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import { waitSecondsOf } from "../options/duration.ts";
import type { CliContext } from "../context.ts";
import { localOptions } from "./shared-options.ts";

export function declareRedo(program: Command, run: RunCommand): void {
  localOptions(
    program
      .command("redo [environment]")
      .summary("the last migration down and up again")
      .description("Roll the last migration back and apply it again: for writing a migration.")
      .option("--database <name>", "of this database only")
      .option(
        "-y, --yes [environment]",
        "do not ask; a protected environment wants its name: --yes=NAME",
      )
      .option(
        "--wait <duration>",
        "wait this long for another run: 30s, 10m (60s in a terminal, else 10m)",
      )
      .option("--no-wait", "end with 5 when another run is in progress")
      .option("--no-reload", "do not reload Hasura's metadata afterwards"),
  ).action((environment: string | undefined, _flags: object, command: Command) =>
    run({
      ...command.optsWithGlobals(),
      environments: environment === undefined ? [] : [environment],
    }),
  );
}

export async function runRedo(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ RedoOptions, parseOptions }, { runOperation }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../run/run-operation.ts"),
  ]);
  const intent = parseOptions(RedoOptions, given, "redo");
  return runOperation(context, intent, {
    operation: "redo",
    changes: true,
    question: "Roll back the last migration of {env} and apply it again?",
    // Writing migrations is what that database is for.
    trustsEmbedded: true,
    options: {
      database: intent.database,
      reload: intent.reload ? undefined : false,
      waitSeconds: waitSecondsOf(intent.wait, context),
    },
  });
}
