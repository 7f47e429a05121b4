import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import { waitSecondsOf } from "../options/duration.ts";
import type { CliContext } from "../context.ts";
import { localOptions } from "./shared-options.ts";

export function declareMark(program: Command, run: RunCommand): void {
  localOptions(
    program
      .command("mark <environment> <version...>")
      .summary("change the books without running SQL")
      .description("Record versions as applied or as pending, without running their SQL.")
      .option("--applied", "record as applied")
      .option("--pending", "record as not applied")
      .option("--database <name>", "of this database")
      .option("-y, --yes [environment]", "a protected environment wants its name: --yes=NAME")
      .option(
        "--wait <duration>",
        "wait this long for another run: 30s, 10m (60s in a terminal, else 10m)",
      )
      .option("--no-wait", "end with 5 when another run is in progress"),
  ).action((environment: string, versions: string[], _flags: object, command: Command) =>
    run({ ...command.optsWithGlobals(), environments: [environment], versions }),
  );
}

export async function runMark(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ MarkOptions, parseOptions }, { runOperation }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../run/run-operation.ts"),
  ]);
  const intent = parseOptions(MarkOptions, given, "mark");
  return runOperation(context, intent, {
    operation: "mark",
    changes: true,
    options: {
      database: intent.database,
      versions: intent.versions,
      as: intent.applied ? "applied" : "pending",
      waitSeconds: waitSecondsOf(intent.wait, context),
    },
  });
}
