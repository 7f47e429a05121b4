import { CliOption } from "../options/command-line.ts";
import { jsonLine } from "../output/json-line.ts";
import { escapeControls } from "../output/terminal/escape-controls.ts";
import type { CommandModule } from "./command.ts";

export const newMigration: CommandModule = {
  declare(program) {
    return program
      .command("new <name>")
      .summary("create a migration directory")
      .description("Create a migration directory, named the way the Hasura CLI names them.")
      .example("new add_order_notes")
      .example("new drop_legacy --sql 'drop table legacy;'")
      .example("new create_users --migrations ./hasura")
      .option("--database <name>", "the database it belongs to", "default")
      .option("--sql <text>", "content of up.sql (default: empty)")
      .option("--down-sql <text>", "content of down.sql (default: empty)")
      .addOption(
        new CliOption(
          "--migrations <directory>",
          "Hasura project, or where to create one (default: the project that contains the working directory)",
        ).completedBy("directory"),
      );
  },
  operands: ([name]) => ({ name }),
  async run(context, raw) {
    const [{ NewOptions, parseOptions }, { createMigration }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../project/create-migration.ts"),
    ]);
    const options = parseOptions(NewOptions, raw, context.commandLine);
    const { version, directory } = await createMigration(context, options);
    if (isBlank(options.sql) && !options.json && !options.quiet)
      context.err.write("Created. Add SQL to up.sql (empty migrations are ignored).\n");
    context.out.write(
      options.json
        ? `${jsonLine({ type: "migration.created", version, directory })}\n`
        : `${escapeControls(directory)}\n`,
    );
    return "done";
  },
};

function isBlank(sql = ""): boolean {
  return sql.trim() === "";
}
