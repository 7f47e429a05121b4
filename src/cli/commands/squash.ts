import { CliOption } from "../options/command-line.ts";
import { plural } from "../output/format.ts";
import { jsonLine } from "../output/json-line.ts";
import { escapeControls } from "../output/terminal/escape-controls.ts";
import type { CommandModule } from "./command.ts";

export const squash: CommandModule = {
  declare(program) {
    return program
      .command("squash")
      .summary("combine a range of migrations into one")
      .description(
        "Write one migration that does the same as a range of migrations. If all of them are applied, apply records it in their place without running it; if none is, apply runs it.",
      )
      .example("squash --from 1700000000100 --name init")
      .example("squash --from 17001 --name v2 --delete")
      .addOption(
        new CliOption("--from <version>", "the first migration of the range").completedBy(
          "version",
        ),
      )
      .addOption(
        new CliOption("--to <version>", "the last one (default: the newest)").completedBy(
          "version",
        ),
      )
      .option("--name <name>", "name of the new migration")
      .option("--database <name>", "the database of the migrations (default: the only one)")
      .option("--without-down", "write no down.sql, for migrations that have none")
      .option("--delete", "remove the migrations of the range")
      .addOption(
        new CliOption(
          "--migrations <directory>",
          "Hasura project (default: the one that contains the working directory)",
        ).completedBy("directory"),
      );
  },
  operands: () => ({}),
  async run(context, raw) {
    const [{ SquashOptions, parseOptions }, { squashMigrations }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../project/squash-migrations.ts"),
    ]);
    const options = parseOptions(SquashOptions, raw, context.commandLine);
    const squashed = await squashMigrations(context, {
      ...options,
      withoutDown: options.withoutDown ?? false,
      delete: options.delete ?? false,
    });
    const { version, directory, parts, notices } = squashed;
    if (!options.json && !options.quiet) {
      for (const notice of notices) context.err.write(`! ${escapeControls(notice)}\n`);
      const next = options.delete
        ? "their files were removed"
        : "remove their directories before you apply it";
      context.err.write(`Squashed ${plural(parts.length, "migration")}; ${next}.\n`);
    }
    context.out.write(
      options.json
        ? `${jsonLine({ type: "migration.squashed", version, directory, squashes: parts.map((part) => part.version), deleted: options.delete ?? false, notices })}\n`
        : `${escapeControls(directory)}\n`,
    );
    return "done";
  },
};
