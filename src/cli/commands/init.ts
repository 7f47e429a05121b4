import { CliOption } from "../options/command-line.ts";
import type { CommandModule } from "./command.ts";
import { addRegionsOption } from "./shared-options.ts";

export const init: CommandModule = {
  declare(program) {
    const command = program
      .command("init [environment...]")
      .summary("write hasura-migrate.json")
      .description(
        "Write hasura-migrate.json for the environments that are named, or that are deployed. Without either it asks, in a terminal. An existing file is never replaced.",
      )
      .example("init", "asks")
      .example("init dev-1 prod --protect prod")
      .example("init --discover", "what is deployed")
      .option("--discover", "use the functions that have the tag hasura-migrate:environment")
      .addOption(
        new CliOption("--protect <environment...>", "environments to protect").completedBy(
          "typed-environment",
        ),
      );
    return addRegionsOption(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ InitOptions, parseOptions }, { runInit }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../init/run-init.ts"),
    ]);
    return runInit(context, parseOptions(InitOptions, raw, context.commandLine));
  },
};
