import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import type { CliContext } from "../context.ts";

export function declareEnvs(program: Command, run: RunCommand): void {
  program
    .command("envs")
    .summary("list the environments of the configuration")
    .description("List the environments of the configuration.")
    .action((_flags: object, command: Command) => run(command.optsWithGlobals()));
}

/** Lists what the configuration says; asks AWS nothing. */
export async function runEnvs(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ EnvsOptions, parseOptions }, { loadConfig }, { environmentLines }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../config/load.ts"),
    import("../output/views/environments.ts"),
  ]);
  const intent = parseOptions(EnvsOptions, given, "envs");
  for (const line of environmentLines(
    await loadConfig(context, intent.config),
    intent.json ?? false,
  ))
    context.out.write(`${line}\n`);
  return "done";
}
