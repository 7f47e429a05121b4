import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addAllowOption,
  addDatabaseOption,
  addDryRunOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addReloadOption,
  addRunnerOption,
  addSourceOptions,
  addTransactionOption,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const resetTo: CommandModule = {
  declare(program) {
    const command = program
      .command("reset-to [environment...]")
      .summary("roll back versions that the project lacks, then apply pending ones")
      .description(
        "Make an environment match the project: roll back applied versions that have no file in it, most recent first, with the down SQL stored in the ledger; then apply the pending migrations. Shows both as one plan, then asks.",
      )
      .example("reset-to dev-3")
      .example("reset-to dev-3 --dry-run", "print the plan only")
      .example("reset-to dev-3 --from .", "to the migrations in this directory")
      .example("reset-to dev-3 --keep", "leave versions that cannot be rolled back")
      .option("--keep", "leave versions that cannot be rolled back, instead of refusing")
      .option(
        "--changed",
        "also roll back applied versions whose file has changed, and apply them again",
      );
    addDryRunOption(command);
    addYesOption(command);
    addAllowOption(command);
    addDatabaseOption(command);
    addSourceOptions(command, { runs: false });
    addWaitOptions(command);
    command.option(
      "--out-of-order",
      "apply versions older than the newest applied one, even if protected",
    );
    addTransactionOption(command);
    addReloadOption(command);
    addRunnerOption(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ ResetToOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(ResetToOptions, raw, context.commandLine);
    const { dryRun } = options;
    return runOperation(context, options, {
      operation: "reset-to",
      ...(!dryRun && { question: "Reset {env}?" }),
      options: {
        database: options.database,
        keep: options.keep,
        changed: options.changed,
        outOfOrder: options.outOfOrder,
        dryRun,
        noTransaction: options.transaction ? undefined : true,
        reload: options.reload ? undefined : false,
        allow: options.allow,
        waitSeconds: waitSecondsFor(options, context),
      },
    });
  },
};
