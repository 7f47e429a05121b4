import { CliOption } from "../options/command-line.ts";
import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addDryRunOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addSourceOptions,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const baseline: CommandModule = {
  declare(program) {
    const command = program
      .command("baseline [environment...]")
      .summary("record pending migrations as applied without running them")
      .description(
        "Record every pending migration as applied without running its SQL, for a database that already contains what they create. Shows the versions and which of their tables, columns and indexes exist, then asks.",
      )
      .example("baseline dev-1")
      .example("baseline dev-1 --to 1700000000100")
      .example("baseline dev-1 --from .", "the migrations in this directory")
      .addOption(new CliOption("--to <version>", "stop after this version").completedBy("version"));
    addDryRunOption(command);
    addYesOption(command);
    addDatabaseOption(command);
    addSourceOptions(command, { runs: false });
    addWaitOptions(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ BaselineOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(BaselineOptions, raw, context.commandLine);
    const { to, dryRun } = options;
    const which =
      to === undefined ? "every pending migration" : `every pending migration up to ${to}`;
    return runOperation(context, options, {
      operation: "mark",
      ...(!dryRun && { question: `Record ${which} on {env} as applied, without running it?` }),
      options: {
        database: options.database,
        ...(to === undefined ? { pending: true } : { upTo: to }),
        as: "applied",
        dryRun,
        waitSeconds: waitSecondsFor(options, context),
      },
    });
  },
};
