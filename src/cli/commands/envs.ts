import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import type { World } from "../world.ts";

export function declareEnvs(program: Command, run: Run): void {
  program
    .command("envs")
    .summary("list the environments of the configuration")
    .description("List the environments of the configuration.")
    .action((_flags: object, command: Command) => run(command.optsWithGlobals()));
}

/** Lists what the configuration says; asks AWS nothing. */
export async function runEnvs(world: World, given: Given): Promise<Ended> {
  const [{ EnvsIntent, intentFrom }, { loadConfig }, { environmentLines }] = await Promise.all([
    import("../intents.ts"),
    import("../config/load.ts"),
    import("../output/environment-list.ts"),
  ]);
  const intent = intentFrom(EnvsIntent, given, "envs");
  for (const line of environmentLines(await loadConfig(world, intent.config), intent.json ?? false)) world.out.write(`${line}\n`);
  return "done";
}
