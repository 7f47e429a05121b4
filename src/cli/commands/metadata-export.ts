import { CliOption } from "../options/command-line.ts";
import type { CommandModule } from "./command.ts";
import { addExclusiveOptions, addLocalOptions, metadataGroup } from "./shared-options.ts";

export const metadataExport: CommandModule = {
  declare(program) {
    const command = metadataGroup(program)
      .command("export [environment] [directory]")
      .summary("write the server's metadata to the project's files")
      .description(
        "Write the server's metadata to the files of the project in DIRECTORY, or of the project that contains the working directory. Whatever does not differ keeps its formatting, comments and position. The metadata contains its secrets, such as header values, so this needs the permission admin.",
      )
      .example("metadata export dev-1")
      .example("metadata export dev-1 --dry-run", "list the files that would change")
      .example("metadata export dev-1 -o json", "print the metadata");
    addExclusiveOptions(command, [
      new CliOption(
        "-o, --output <format>",
        "print the metadata instead of writing files: json or yaml",
      ).completedBy(["json", "yaml"]),
      new CliOption("--dry-run", "list the files that would change, write nothing"),
      new CliOption("--check", "like --dry-run, and exit with code 6 if any would change"),
      new CliOption("--force", "overwrite files with uncommitted changes"),
    ]);
    return addLocalOptions(command);
  },
  operands: ([environment, directory]) => ({
    environments: environment === undefined ? [] : [environment],
    ...(directory !== undefined && { directory }),
  }),
  async run(context, raw) {
    const [{ MetadataExportOptions, parseOptions }, { runExport }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../export/run-export.ts"),
    ]);
    return runExport(context, parseOptions(MetadataExportOptions, raw, context.commandLine));
  },
};
