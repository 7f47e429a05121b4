import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addEnvironmentsOptions,
  addLocalOptions,
  addWaitOptions,
  addYesOption,
  metadataGroup,
} from "./shared-options.ts";

export const metadataReload: CommandModule = {
  declare(program) {
    const command = metadataGroup(program)
      .command("reload [environment...]")
      .summary("make Hasura read its databases and remote schemas again")
      .description(
        "Make Hasura read the schemas of its databases and its remote schemas again, for example after a schema change that was made outside Hasura. Shows which objects are inconsistent afterwards, and exits with code 7 if there are any.",
      )
      .example("metadata reload dev-1")
      .example("metadata reload prod --recreate-event-triggers --yes=prod")
      .option(
        "--recreate-event-triggers",
        "also recreate the event triggers in the databases, which locks their tables briefly",
      );
    addYesOption(command);
    addWaitOptions(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ MetadataReloadOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(MetadataReloadOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "metadata-reload",
      options: {
        recreateEventTriggers: options.recreateEventTriggers,
        waitSeconds: waitSecondsFor(options, context),
      },
    });
  },
};
