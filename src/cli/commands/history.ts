import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import type { CliContext } from "../context.ts";
import { localOptions } from "./shared-options.ts";

export function declareHistory(program: Command, run: RunCommand): void {
  localOptions(
    program
      .command("history [environment]")
      .summary("who ran what, when, how long, and how it ended")
      .description(
        "List past runs and those in progress: who, when, what, how long, how it ended, from which commit.",
      )
      .option("--run <id>", "show this run in full; the beginning of its id is enough")
      .option("--limit <count>", "list at most this many (20)"),
  ).action((environment: string | undefined, _flags: object, command: Command) =>
    run({
      ...command.optsWithGlobals(),
      environments: environment === undefined ? [] : [environment],
    }),
  );
}

export async function runHistory(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ HistoryOptions, parseOptions }, { runOperation }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../run/run-operation.ts"),
  ]);
  const intent = parseOptions(HistoryOptions, given, "history");
  const { run, limit } = intent;
  return runOperation(context, intent, {
    operation: "history",
    changes: false,
    options: { run, limit },
    run,
  });
}
