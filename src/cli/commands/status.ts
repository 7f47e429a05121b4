import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import type { World } from "../world.ts";
import { localOptions } from "./local-options.ts";

export function declareStatus(program: Command, run: Run): void {
  localOptions(
    program
      .command("status [environment...]")
      .summary("what is applied, pending, unknown, changed")
      .description("Show what is applied, pending, unknown or changed in an environment.")
      .option("--database <name>", "of this database only")
      .option("--check", "end with 6 when anything is not simply applied"),
  ).action((environments: string[], _flags: object, command: Command) => run({ ...command.optsWithGlobals(), environments }));
}

export async function runStatus(world: World, given: Given): Promise<Ended> {
  const [{ StatusIntent, intentFrom }, { operate }] = await Promise.all([import("../intents.ts"), import("../operate.ts")]);
  const intent = intentFrom(StatusIntent, given, "status");
  return operate(world, intent, {
    operation: "status",
    changes: false,
    options: { database: intent.database },
    ...(intent.check && { checks: true }),
  });
}
