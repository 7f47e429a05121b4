import { CliOption } from "../options/command-line.ts";
import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addSeedSourceOptions,
  addWaitOptions,
  addYesOption,
  collect,
} from "./shared-options.ts";

export const seed: CommandModule = {
  declare(program) {
    const command = program
      .command("seed [environment...]")
      .summary("put seed data into the databases of an environment")
      .description(
        "Run the SQL files in seeds/<database>/ that were not run before, each in a transaction of its own. The ledger records which were run; a file that has changed since is refused.",
      )
      .example("seed dev-1")
      .example("seed dev-1 --dry-run", "list them only")
      .example("seed dev-1 -f 01_roles.sql", "only this one")
      .example("seed dev-1 --from .", "those in this directory")
      .addOption(
        new CliOption(
          "-f, --file <file>",
          "run only this seed; can be repeated, and the order counts",
        )
          .argParser(collect)
          .completedBy("file"),
      )
      .option("--again", "run the selected seeds again if they were run before")
      .option("--dry-run", "list the seeds, run nothing");
    addYesOption(command);
    addDatabaseOption(command);
    addSeedSourceOptions(command);
    addWaitOptions(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ SeedOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(SeedOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "seed",
      options: {
        database: options.database,
        files: options.file,
        again: options.again,
        dryRun: options.dryRun,
        waitSeconds: waitSecondsFor(options, context),
      },
    });
  },
};
