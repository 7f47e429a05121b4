import { CliOption } from "../options/command-line.ts";
import type { CommandModule } from "./command.ts";
import { addExclusiveOptions, addRegionsOption } from "./shared-options.ts";

export const envs: CommandModule = {
  declare(program) {
    const command = program
      .command("envs")
      .summary("list the configured environments")
      .description(
        "List the environments of the configuration, without contacting AWS. With --discover: the functions that have the tag hasura-migrate:environment, in every AWS profile.",
      )
      .example("envs")
      .example("envs --show-origin")
      .example("envs --discover", "what is deployed; needs no configuration")
      .example("envs --discover --json");
    addExclusiveOptions(command, [
      new CliOption("--show-origin", "show which file each value comes from"),
      new CliOption("--discover", "search AWS for functions; results are cached for one minute"),
    ]);
    return addRegionsOption(command);
  },
  operands: () => ({}),
  async run(context, raw) {
    const { EnvsOptions, parseOptions } = await import("../options/schemas.ts");
    const options = parseOptions(EnvsOptions, raw, context.commandLine);
    if (options.discover) {
      const { listDiscovered } = await import("../discovery/list-discovered.ts");
      return listDiscovered(context, options);
    }
    const [{ loadConfig }, { listEnvironments }] = await Promise.all([
      import("../config/load.ts"),
      import("../output/views/environments.ts"),
    ]);
    const loaded = await loadConfig(context, options.config);
    const { cwd } = context;
    for (const line of listEnvironments(loaded, { ...options, cwd }))
      context.out.write(`${line}\n`);
    return "done";
  },
};
