import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addAllowOption,
  addDatabaseOption,
  addDeployedMetadataOption,
  addDryRunOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addReloadOption,
  addRunnerOption,
  addSelectionOptions,
  addSourceOptions,
  addTransactionOption,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const apply: CommandModule = {
  declare(program) {
    const command = program
      .command("apply [environment...]", { isDefault: true })
      .summary("apply pending migrations (default command)")
      .description("Apply the pending migrations of an environment. The word apply is optional.")
      .example("dev-1")
      .example("dev-1 --dry-run", "print the plan only")
      .example("dev-1 --steps 1", "apply the next one")
      .example("dev-1 --metadata", "deploy the migrations and the metadata")
      .example("prod --yes=prod --wait 10m", "from a CI job");
    addDryRunOption(command);
    addYesOption(command);
    addAllowOption(command);
    addSelectionOptions(command, {
      steps: "apply at most this many",
      to: "stop after this version",
      only: "apply only this version",
    });
    addDatabaseOption(command);
    addSourceOptions(command, { runs: true });
    addWaitOptions(command);
    command
      .option(
        "--strict",
        "refuse changed files; exit with code 7 if metadata is inconsistent afterwards",
      )
      .option(
        "--out-of-order",
        "apply versions older than the newest applied one, even if protected",
      );
    addTransactionOption(command);
    addReloadOption(command);
    addDeployedMetadataOption(command);
    addRunnerOption(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ ApplyOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(ApplyOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "apply",
      deploysMetadata: options.metadata,
      options: {
        to: options.to,
        steps: options.steps,
        only: options.only,
        database: options.database,
        dryRun: options.dryRun,
        strict: options.strict,
        outOfOrder: options.outOfOrder,
        noTransaction: options.transaction ? undefined : true,
        changed: options.changed,
        reload: options.reload ? undefined : false,
        allow: options.allow,
        waitSeconds: waitSecondsFor(options, context),
      },
    });
  },
};
