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
      .summary("run the seed files that have not been run yet")
      .description(
        "Run the SQL files in seeds/<database>/ that have not been run yet, each in its own transaction. The ledger records which files were run; a file that has changed since it was run is refused.",
      )
      .example("seed dev-1")
      .example("seed dev-1 --dry-run", "list them only")
      .example("seed dev-1 -f 01_roles.sql", "only this one")
      .example("seed dev-1 --from .", "those in this directory")
      .addOption(
        new CliOption(
          "-f, --file <file>",
          "run only this seed; can be repeated; they run in the given order",
        )
          .argParser(collect)
          .completedBy("file"),
      )
      .option("--again", "run the selected seeds even if they have already been run")
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
