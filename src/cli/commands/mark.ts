import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import { waitSecondsOf } from "../wait.ts";
import type { World } from "../world.ts";
import { localOptions } from "./local-options.ts";

export function declareMark(program: Command, run: Run): void {
  localOptions(
    program
      .command("mark <environment> <version...>")
      .summary("change the books without running SQL")
      .description("Record versions as applied or as pending, without running their SQL.")
      .option("--applied", "record as applied")
      .option("--pending", "record as not applied")
      .option("--database <name>", "of this database")
      .option("-y, --yes [environment]", "a protected environment wants its name: --yes=NAME")
      .option("--wait <duration>", "wait this long for another run: 30s, 10m (60s in a terminal, else 10m)")
      .option("--no-wait", "end with 5 when another run is in progress"),
  ).action((environment: string, versions: string[], _flags: object, command: Command) =>
    run({ ...command.optsWithGlobals(), environments: [environment], versions }),
  );
}

export async function runMark(world: World, given: Given): Promise<Ended> {
  const [{ MarkIntent, intentFrom }, { operate }] = await Promise.all([import("../intents.ts"), import("../operate.ts")]);
  const intent = intentFrom(MarkIntent, given, "mark");
  return operate(world, intent, {
    operation: "mark",
    changes: true,
    options: {
      database: intent.database,
      versions: intent.versions,
      as: intent.applied ? "applied" : "pending",
      waitSeconds: waitSecondsOf(intent.wait, world),
    },
  });
}
