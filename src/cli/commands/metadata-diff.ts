import type { CommandModule } from "./command.ts";
import {
  addEnvironmentsOptions,
  addLocalOptions,
  addMetadataSourceOptions,
  metadataGroup,
} from "./shared-options.ts";

export const metadataDiff: CommandModule = {
  declare(program) {
    const command = metadataGroup(program)
      .command("diff [environment...]")
      .summary("show how the project's metadata differs from the server's")
      .description(
        "Show what applying the project's metadata would change, object by object, with its file and line. A `!` marks a change that should be reviewed, such as a permission without a row filter. Changes nothing.",
      )
      .example("metadata diff dev-1")
      .example("metadata diff dev-1 --from .", "the metadata in this directory")
      .example("metadata diff --all --check", "for scripts")
      .example("metadata diff --all --markdown", "for a pull request")
      .option("--full", "also show the objects inside added and removed ones, and long values")
      .option("--check", "exit with code 6 if anything differs")
      .option("--markdown", "print Markdown for a pull request");
    addMetadataSourceOptions(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ MetadataDiffOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(MetadataDiffOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "metadata-diff",
      options: {},
      full: options.full,
      ...(options.check && { checks: true }),
      report: {
        ...{ kind: "diffs", full: options.full ?? false },
        markdown: options.markdown ?? false,
      },
    });
  },
};
