import type { Command } from "commander";
import type { Ended } from "../ended.ts";
import type { Given, Run } from "../program.ts";
import type { World } from "../world.ts";

export function declareNew(program: Command, run: Run): void {
  program
    .command("new <name>")
    .summary("a new migration directory")
    .description("Make the directory of a new migration, with the version the Hasura CLI would give it.")
    .option("--database <name>", "for this database", "default")
    .option("--sql <text>", "what up.sql holds; empty without it")
    .option("--down-sql <text>", "what down.sql holds")
    .option("--migrations <dir>", "the Hasura project; the working directory without it")
    .action((name: string, _flags: object, command: Command) => run({ ...command.optsWithGlobals(), name }));
}

/** Prints the directory it made, and touches nothing else. */
export async function runNew(world: World, given: Given): Promise<Ended> {
  const [{ NewIntent, intentFrom }, { newMigration }] = await Promise.all([import("../intents.ts"), import("../new-migration.ts")]);
  const intent = intentFrom(NewIntent, given, "new");
  const { version, directory } = await newMigration(world, intent);
  if (isBlank(intent.sql) && !intent.json && !intent.quiet)
    world.err.write("up.sql is empty: the migration counts once there is SQL in it.\n");
  world.out.write(intent.json ? `${JSON.stringify({ type: "migration.created", version, directory })}\n` : `${directory}\n`);
  return "done";
}

function isBlank(sql = ""): boolean {
  return sql.trim() === "";
}
