import { CliOption } from "../options/command-line.ts";
import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addDeployedMetadataOption,
  addEnvironmentsOptions,
  addExclusiveOptions,
  addLocalOptions,
  addSelectionOptions,
  addSourceOptions,
} from "./shared-options.ts";

export const plan: CommandModule = {
  declare(program) {
    const command = program
      .command("plan [environment...]")
      .summary("show what apply would run, with the SQL")
      .description(
        "Show what apply would run, with the SQL. Changes nothing. With --rehearse, the migrations are run and rolled back.",
      )
      .example("plan dev-1")
      .example("plan dev-1 --only 1700000000100")
      .example("plan --all --markdown", "for a pull request")
      .example("plan dev-1 --rehearse", "measure time and locks");
    addExclusiveOptions(command, [
      new CliOption(
        "--markdown",
        "print Markdown for a pull request, including local migrations that are not deployed yet",
      ),
      new CliOption(
        "--rehearse",
        "run the migrations in one transaction per database and roll it back, to show time, locks and errors",
      ),
    ]);
    addSelectionOptions(command, {
      steps: "at most this many",
      to: "up to this version",
      only: "only this version",
    });
    addDatabaseOption(command);
    addSourceOptions(command, { runs: false });
    addDeployedMetadataOption(command);
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
    const selection = { to, steps, only, database };
    if (options.rehearse === true)
      return runOperation(context, options, { operation: "rehearse", options: selection });
    return runOperation(context, options, {
      operation: "plan",
      deploysMetadata: options.metadata,
      options: selection,
      report: { kind: "plans", selection, markdown: options.markdown ?? false },
    });
  },
};
