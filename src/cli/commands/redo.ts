import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import { waitSecondsOf } from "../wait.ts";
import type { World } from "../world.ts";
import { localOptions } from "./local-options.ts";

export function declareRedo(program: Command, run: Run): void {
  localOptions(
    program
      .command("redo [environment]")
      .summary("the last migration down and up again")
      .description("Roll the last migration back and apply it again: for writing a migration.")
      .option("--database <name>", "of this database only")
      .option("-y, --yes [environment]", "do not ask; a protected environment wants its name: --yes=NAME")
      .option("--wait <duration>", "wait this long for another run: 30s, 10m (60s in a terminal, else 10m)")
      .option("--no-wait", "end with 5 when another run is in progress")
      .option("--no-reload", "do not reload Hasura's metadata afterwards"),
  ).action((environment: string | undefined, _flags: object, command: Command) =>
    run({ ...command.optsWithGlobals(), environments: environment === undefined ? [] : [environment] }),
  );
}

export async function runRedo(world: World, given: Given): Promise<Ended> {
  const [{ RedoIntent, intentFrom }, { operate }] = await Promise.all([import("../intents.ts"), import("../operate.ts")]);
  const intent = intentFrom(RedoIntent, given, "redo");
  return operate(world, intent, {
    operation: "redo",
    changes: true,
    question: "Roll back the last migration of {env} and apply it again?",
    // Writing migrations is what that database is for.
    trustsEmbedded: true,
    options: {
      database: intent.database,
      reload: intent.reload ? undefined : false,
      waitSeconds: waitSecondsOf(intent.wait, world),
    },
  });
}
