import { CliOption } from "../options/command-line.ts";
import { environmentOperands } from "../options/operands.ts";
import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addDryRunOption,
  addEnvironmentsOptions,
  addExclusiveOptions,
  addLocalOptions,
  addSourceOptions,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const mark: CommandModule = {
  declare(program) {
    const command = program
      .command("mark [environment...]")
      .usage("[options] <environment...> [version...]")
      .summary("record migrations as applied or pending without running them")
      .description(
        "Record migrations as applied or pending without running their SQL. With --in-doubt: every version whose state you have to decide, for example after restoring a backup or after an interrupted run; shows them, then asks.",
      )
      .example("mark dev-1 1700000000100 --applied")
      .example("mark dev-1 1700000000100 --pending")
      .example("mark dev-1 --in-doubt --applied")
      .example("mark dev-1 1700000000100 --applied --from .")
      .option("--in-doubt", "all versions that are in doubt (dirty or interrupted)");
    addDryRunOption(command);
    addExclusiveOptions(command, [
      new CliOption("--applied", "record as applied"),
      new CliOption("--pending", "record as not applied"),
    ]);
    addYesOption(command);
    addDatabaseOption(command, "the database they belong to");
    addSourceOptions(command, { runs: false });
    addWaitOptions(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (words) => {
    const { environments, numbers } = environmentOperands(words);
    return { environments, versions: numbers };
  },
  async run(context, raw) {
    const [{ MarkOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(MarkOptions, raw, context.commandLine);
    const { inDoubt, dryRun } = options;
    const as = options.applied ? "applied" : "pending";
    return runOperation(context, options, {
      operation: "mark",
      ...(inDoubt && !dryRun && { question: `Record every version in doubt on {env} as ${as}?` }),
      options: {
        database: options.database,
        ...(inDoubt ? { inDoubt } : { versions: options.versions }),
        as,
        dryRun,
        waitSeconds: waitSecondsFor(options, context),
      },
    });
  },
};
