import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import type { World } from "../world.ts";
import { localOptions } from "./local-options.ts";

export function declarePlan(program: Command, run: Run): void {
  localOptions(
    program
      .command("plan [environment...]")
      .summary("what apply would run, with the SQL")
      .description("Show what apply would run, with the SQL. Changes nothing.")
      .option("--to <version>", "up to this version")
      .option("--steps <count>", "at most this many")
      .option("--only <version>", "this one alone")
      .option("--database <name>", "of this database only"),
  ).action((environments: string[], _flags: object, command: Command) => run({ ...command.optsWithGlobals(), environments }));
}

export async function runPlan(world: World, given: Given): Promise<Ended> {
  const [{ PlanIntent, intentFrom }, { operate }] = await Promise.all([import("../intents.ts"), import("../operate.ts")]);
  const intent = intentFrom(PlanIntent, given, "plan");
  const { to, steps, only, database } = intent;
  return operate(world, intent, { operation: "plan", changes: false, options: { to, steps, only, database } });
}
