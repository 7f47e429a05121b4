import { CliOption } from "../options/command-line.ts";
import { waitSecondsFor } from "../options/duration.ts";
import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addExclusiveOptions,
  addLocalOptions,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const mark: CommandModule = {
  declare(program) {
    const command = program
      .command("mark <environment> <version...>")
      .summary("record migrations as applied or pending without running them")
      .description("Record migrations as applied or pending without running their SQL.")
      .example("mark dev-1 1700000000100 --applied")
      .example("mark dev-1 1700000000100 --pending");
    addExclusiveOptions(command, [
      new CliOption("--applied", "record as applied"),
      new CliOption("--pending", "record as not applied"),
    ]);
    addYesOption(command);
    addDatabaseOption(command, "the database they belong to");
    addWaitOptions(command);
    return addLocalOptions(command);
  },
  operands: ([environment, ...versions]) => ({ environments: [environment], versions }),
  async run(context, raw) {
    const [{ MarkOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(MarkOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "mark",
      options: {
        database: options.database,
        versions: options.versions,
        as: options.applied ? "applied" : "pending",
        waitSeconds: waitSecondsFor(options.wait, context),
      },
    });
  },
};
