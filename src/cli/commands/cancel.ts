import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import type { World } from "../world.ts";
import { localOptions } from "./local-options.ts";

export function declareCancel(program: Command, run: Run): void {
  localOptions(
    program
      .command("cancel [environment]")
      .summary("ask the run in progress to stop after the migration in hand")
      .description("Ask the run in progress to stop after the migration in hand. Nothing is cut off.")
      .option("--run <id>", "this run alone; the beginning of its id is enough"),
  ).action((environment: string | undefined, _flags: object, command: Command) =>
    run({ ...command.optsWithGlobals(), environments: environment === undefined ? [] : [environment] }),
  );
}

export async function runCancel(world: World, given: Given): Promise<Ended> {
  const [{ CancelIntent, intentFrom }, { operate }] = await Promise.all([import("../intents.ts"), import("../operate.ts")]);
  const intent = intentFrom(CancelIntent, given, "cancel");
  return operate(world, intent, { operation: "cancel", changes: false, options: { run: intent.run } });
}
