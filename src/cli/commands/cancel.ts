import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import type { CliContext } from "../context.ts";
import { localOptions } from "./shared-options.ts";

export function declareCancel(program: Command, run: RunCommand): void {
  localOptions(
    program
      .command("cancel [environment]")
      .summary("ask the run in progress to stop after the migration in hand")
      .description(
        "Ask the run in progress to stop after the migration in hand. Nothing is cut off.",
      )
      .option("--run <id>", "this run alone; the beginning of its id is enough"),
  ).action((environment: string | undefined, _flags: object, command: Command) =>
    run({
      ...command.optsWithGlobals(),
      environments: environment === undefined ? [] : [environment],
    }),
  );
}

export async function runCancel(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ CancelOptions, parseOptions }, { runOperation }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../run/run-operation.ts"),
  ]);
  const intent = parseOptions(CancelOptions, given, "cancel");
  return runOperation(context, intent, {
    operation: "cancel",
    changes: false,
    options: { run: intent.run },
  });
}
