import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addDryRunOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addMetadataSourceOptions,
  addWaitOptions,
  addYesOption,
  metadataGroup,
} from "./shared-options.ts";

export const metadataApply: CommandModule = {
  declare(program) {
    const command = metadataGroup(program)
      .command("apply [environment...]")
      .summary("replace the server's metadata with the project's")
      .description(
        "Replace the server's metadata with the project's, and show the differences. Changes nothing if objects would become inconsistent, or if a change that someone else has just made would be overwritten. The replaced metadata is kept in the ledger.",
      )
      .example("metadata apply dev-1")
      .example("metadata apply dev-1 --dry-run", "show the differences only")
      .example("metadata apply dev-1 --from .", "the metadata in this directory")
      .example("metadata apply prod --yes=prod", "from a CI job");
    addDryRunOption(command);
    addYesOption(command);
    command
      .option("--allow-inconsistent", "apply the metadata even if objects become inconsistent")
      .option("--full", "also show the objects inside added and removed ones, and long values");
    addMetadataSourceOptions(command);
    addWaitOptions(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ MetadataApplyOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(MetadataApplyOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "metadata-apply",
      options: {
        dryRun: options.dryRun,
        allowInconsistent: options.allowInconsistent,
        waitSeconds: waitSecondsFor(options, context),
      },
      full: options.full,
    });
  },
};
