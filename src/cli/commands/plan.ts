import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addSelectionOptions,
} from "./shared-options.ts";

export const plan: CommandModule = {
  declare(program) {
    const command = program
      .command("plan [environment...]")
      .summary("show what apply would run, with the SQL")
      .description("Show what apply would run, with the SQL. Changes nothing.")
      .example("plan dev-1")
      .example("plan dev-1 --only 1700000000100");
    addSelectionOptions(command, {
      steps: "at most this many",
      to: "up to this version",
      only: "only this version",
    });
    addDatabaseOption(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ PlanOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(PlanOptions, raw, context.commandLine);
    const { to, steps, only, database } = options;
    return runOperation(context, options, {
      operation: "plan",
      options: { to, steps, only, database },
    });
  },
};
