import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addDryRunOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addWaitOptions,
  addYesOption,
  metadataGroup,
} from "./shared-options.ts";

export const metadataRestore: CommandModule = {
  declare(program) {
    const command = metadataGroup(program)
      .command("restore [environment...]")
      .summary("put back the metadata that a run replaced")
      .description(
        "Put back the metadata that the server had before the last run that replaced it, or before the run given with --run, and show the differences. Works like metadata apply: nothing is changed if objects would become inconsistent, and the replaced metadata is kept, so a restore can itself be undone.",
      )
      .example("metadata restore dev-1 --dry-run", "show what would change")
      .example("metadata restore dev-1", "undo the last replacement")
      .example("metadata restore prod --run 0199a7c0 --yes=prod", "go back to before that run")
      .option("--run <id>", "the run, or the beginning of its id (see history)");
    addDryRunOption(command);
    addYesOption(command);
    command
      .option("--allow-inconsistent", "restore the metadata even if objects become inconsistent")
      .option("--full", "also show the objects inside added and removed ones, and long values");
    addWaitOptions(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ MetadataRestoreOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(MetadataRestoreOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "metadata-restore",
      options: {
        run: options.run,
        dryRun: options.dryRun,
        allowInconsistent: options.allowInconsistent,
        waitSeconds: waitSecondsFor(options, context),
      },
      full: options.full,
    });
  },
};
