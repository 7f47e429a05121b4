import { waitSecondsFor } from "../options/duration.ts";
import type { DownOptions } from "../options/schemas.ts";
import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addDryRunOption,
  addLocalOptions,
  addReloadOption,
  addSelectionOptions,
  addTransactionOption,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const down: CommandModule = {
  declare(program) {
    const command = program
      .command("down [environment] [count]")
      .summary("roll back the last migration, or the last few")
      .description(
        "Roll back the last migration, or the last few. Last means applied last, not the highest version. Shows them, then asks.",
      )
      .example("down dev-1", "the last one")
      .example("down dev-1 3", "the last three")
      .example("down dev-1 --to 1700000000100 --dry-run");
    addDryRunOption(command);
    addYesOption(command);
    addSelectionOptions(command, {
      to: "roll back everything above this version",
      only: "roll back only this version",
      all: "roll back everything",
    });
    addDatabaseOption(command);
    addWaitOptions(command);
    addTransactionOption(command);
    addReloadOption(command);
    return addLocalOptions(command);
  },
  operands: ([environment, steps]) => ({ environments: environment ? [environment] : [], steps }),
  async run(context, raw) {
    const [{ DownOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(DownOptions, raw, context.commandLine);
    const { to, only, all, dryRun } = options;
    const bounded = to !== undefined || only !== undefined || all === true;
    const steps = bounded ? undefined : (options.steps ?? 1);
    return runOperation(context, options, {
      operation: "down",
      ...(!dryRun && { question: `Roll back ${describeSelection(options)} of {env}?` }),
      options: {
        to,
        steps,
        only,
        all,
        database: options.database,
        dryRun,
        noTransaction: options.transaction ? undefined : true,
        reload: options.reload ? undefined : false,
        waitSeconds: dryRun ? undefined : waitSecondsFor(options.wait, context),
      },
    });
  },
};

/** What would be rolled back, as the object of the question. */
function describeSelection({ all, to, only, steps = 1 }: DownOptions): string {
  if (all) return "every migration";
  if (to !== undefined) return `everything above ${to}`;
  if (only !== undefined) return only;
  return steps === 1 ? "the last migration" : `the last ${steps} migrations`;
}
