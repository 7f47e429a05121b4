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
      .summary("replace the server's metadata by the project's")
      .description(
        "Replace the server's metadata by the project's, and show what differed. Changes nothing if Hasura could not use all of the new metadata, or if somebody else has changed what would be overwritten. What was replaced is kept in the ledger.",
      )
      .example("metadata apply dev-1")
      .example("metadata apply dev-1 --dry-run", "show the differences only")
      .example("metadata apply dev-1 --from .", "the metadata in this directory")
      .example("metadata apply prod --yes=prod", "from a CI job");
    addDryRunOption(command);
    addYesOption(command);
    command
      .option("--allow-inconsistent", "apply it even if Hasura cannot use all of it")
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
