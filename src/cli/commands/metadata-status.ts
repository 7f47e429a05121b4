import type { CommandModule } from "./command.ts";
import { addEnvironmentsOptions, addLocalOptions, metadataGroup } from "./shared-options.ts";

export const metadataStatus: CommandModule = {
  declare(program) {
    const command = metadataGroup(program)
      .command("status [environment...]")
      .summary("show inconsistent metadata, and since when")
      .description(
        "Show whether the server's metadata is consistent, why each inconsistent object is inconsistent and since which run, and who last replaced the metadata. Changes nothing.",
      )
      .example("metadata status dev-1")
      .example("metadata status --all --check", "for scripts")
      .option("--check", "exit with code 6 if any object is inconsistent");
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ MetadataStatusOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(MetadataStatusOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "metadata-status",
      options: {},
      ...(options.check && { checks: true }),
    });
  },
};
