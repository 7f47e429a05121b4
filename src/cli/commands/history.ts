import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import type { World } from "../world.ts";
import { localOptions } from "./local-options.ts";

export function declareHistory(program: Command, run: Run): void {
  localOptions(
    program
      .command("history [environment]")
      .summary("who ran what, when, how long, and how it ended")
      .description("List past runs and those in progress: who, when, what, how long, how it ended, from which commit.")
      .option("--run <id>", "show this run in full; the beginning of its id is enough")
      .option("--limit <count>", "list at most this many (20)"),
  ).action((environment: string | undefined, _flags: object, command: Command) =>
    run({ ...command.optsWithGlobals(), environments: environment === undefined ? [] : [environment] }),
  );
}

export async function runHistory(world: World, given: Given): Promise<Ended> {
  const [{ HistoryIntent, intentFrom }, { operate }] = await Promise.all([import("../intents.ts"), import("../operate.ts")]);
  const intent = intentFrom(HistoryIntent, given, "history");
  const { run, limit } = intent;
  return operate(world, intent, { operation: "history", changes: false, options: { run, limit }, run });
}
