import type { CommandModule } from "./command.ts";
import { addEnvironmentsOptions, addLocalOptions } from "./shared-options.ts";

export const cancel: CommandModule = {
  declare(program) {
    const command = program
      .command("cancel [environment...]")
      .summary("stop the run in progress after its current migration")
      .description(
        "Stop the run in progress after its current migration. No migration is interrupted.",
      )
      .example("cancel dev-1")
      .option("--run <id>", "only this run; a prefix of its id is enough");
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ CancelOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(CancelOptions, raw, context.commandLine);
    const { run } = options;
    return runOperation(context, options, { operation: "cancel", options: { run }, run });
  },
};
