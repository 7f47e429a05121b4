import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import type { CliContext } from "../context.ts";

export function declareNew(program: Command, run: RunCommand): void {
  program
    .command("new <name>")
    .summary("a new migration directory")
    .description(
      "Make the directory of a new migration, with the version the Hasura CLI would give it.",
    )
    .option("--database <name>", "for this database", "default")
    .option("--sql <text>", "what up.sql holds; empty without it")
    .option("--down-sql <text>", "what down.sql holds")
    .option("--migrations <dir>", "the Hasura project; the working directory without it")
    .action((name: string, _flags: object, command: Command) =>
      run({ ...command.optsWithGlobals(), name }),
    );
}

/** Prints the directory it made, and touches nothing else. */
export async function runNew(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ NewOptions, parseOptions }, { createMigration }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../project/create-migration.ts"),
  ]);
  const intent = parseOptions(NewOptions, given, "new");
  const { version, directory } = await createMigration(context, intent);
  if (isBlank(intent.sql) && !intent.json && !intent.quiet)
    context.err.write("up.sql is empty: the migration counts once there is SQL in it.\n");
  context.out.write(
    intent.json
      ? `${JSON.stringify({ type: "migration.created", version, directory })}\n`
      : `${directory}\n`,
  );
  return "done";
}

function isBlank(sql = ""): boolean {
  return sql.trim() === "";
}
