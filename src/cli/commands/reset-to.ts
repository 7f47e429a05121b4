import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
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
      .summary("roll back what the project lacks, then apply what is pending")
      .description(
        "Bring an environment to what the project has: roll back applied versions that it has no file for, with the down SQL that the ledger keeps, the one applied last first; then apply what is pending. Both are one plan. Shows it, then asks.",
      )
      .example("reset-to dev-3")
      .example("reset-to dev-3 --dry-run", "print the plan only")
      .example("reset-to dev-3 --from .", "to what the branch here has")
      .example("reset-to dev-3 --keep", "leave what cannot be rolled back")
      .option("--keep", "leave versions that cannot be rolled back, instead of refusing")
      .option(
        "--changed",
        "also roll back applied versions whose file has changed, and apply them again",
      );
    addDryRunOption(command);
    addYesOption(command);
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
        waitSeconds: dryRun ? undefined : waitSecondsFor(options.wait, context),
      },
    });
  },
};
