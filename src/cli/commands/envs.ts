import type { CommandModule } from "./command.ts";

export const envs: CommandModule = {
  declare(program) {
    return program
      .command("envs")
      .summary("list the configured environments")
      .description("List the environments of the configuration. Does not contact AWS.")
      .example("envs")
      .example("envs --json")
      .option("--show-origin", "show which file each value comes from");
  },
  operands: () => ({}),
  async run(context, raw) {
    const [{ EnvsOptions, parseOptions }, { loadConfig }, { listEnvironments }] = await Promise.all(
      [
        import("../options/schemas.ts"),
        import("../config/load.ts"),
        import("../output/views/environments.ts"),
      ],
    );
    const options = parseOptions(EnvsOptions, raw, context.commandLine);
    const loaded = await loadConfig(context, options.config);
    for (const line of listEnvironments(loaded, options)) context.out.write(`${line}\n`);
    return "done";
  },
};
