import type { CommandModule } from "./command.ts";

export const envs: CommandModule = {
  declare(program) {
    return program
      .command("envs")
      .summary("list the configured environments")
      .description("List the environments of the configuration. Does not contact AWS.")
      .example("envs")
      .example("envs --json");
  },
  operands: () => ({}),
  async run(context, raw) {
    const [{ GlobalOptions, parseOptions }, { loadConfig }, { environmentLines }] =
      await Promise.all([
        import("../options/schemas.ts"),
        import("../config/load.ts"),
        import("../output/views/environments.ts"),
      ]);
    const options = parseOptions(GlobalOptions, raw, context.commandLine);
    const loaded = await loadConfig(context, options.config);
    for (const line of environmentLines(loaded, options.json ?? false))
      context.out.write(`${line}\n`);
    return "done";
  },
};
