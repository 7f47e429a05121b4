import { waitSecondsFor } from "../run/wait-seconds.ts";
import { environmentOperands } from "../options/operands.ts";
import type { DownOptions } from "../options/schemas.ts";
import type { CommandModule } from "./command.ts";
import {
  addAllowOption,
  addDatabaseOption,
  addDryRunOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addReloadOption,
  addRunnerOption,
  addSelectionOptions,
  addSourceOptions,
  addTransactionOption,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const down: CommandModule = {
  declare(program) {
    const command = program
      .command("down [environment...]")
      .usage("[options] [environment...] [count]")
      .summary("roll back the last migration, or the last few")
      .description(
        "Roll back the last migration, or the last few: the ones applied most recently, not those with the highest versions. Shows them, then asks.",
      )
      .example("down dev-1", "the last one")
      .example("down dev-1 3", "the last three")
      .example("down dev-1 dev-2", "the last one in each")
      .example("down dev-1 --to 1700000000100 --dry-run");
    addDryRunOption(command);
    addYesOption(command);
    addAllowOption(command);
    addSelectionOptions(command, {
      to: "roll back everything above this version",
      only: "roll back only this version",
      everything: "roll back everything",
    });
    addDatabaseOption(command);
    addSourceOptions(command, { runs: true });
    addWaitOptions(command);
    addTransactionOption(command);
    addReloadOption(command);
    addRunnerOption(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (words) => {
    const { environments, numbers } = environmentOperands(words);
    return { environments, counts: numbers };
  },
  async run(context, raw) {
    const [{ DownOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(DownOptions, raw, context.commandLine);
    const { to, only, everything, dryRun } = options;
    const bounded = to !== undefined || only !== undefined || everything === true;
    const [steps = 1] = options.counts;
    return runOperation(context, options, {
      operation: "down",
      ...(!dryRun && { question: `Roll back ${describeSelection(options)} of {env}?` }),
      options: {
        to,
        steps: bounded ? undefined : steps,
        only,
        all: everything,
        database: options.database,
        dryRun,
        noTransaction: options.transaction ? undefined : true,
        changed: options.changed,
        reload: options.reload ? undefined : false,
        allow: options.allow,
        waitSeconds: waitSecondsFor(options, context),
      },
    });
  },
};

/** What would be rolled back, for the question. */
function describeSelection({ everything, to, only, counts: [steps = 1] }: DownOptions): string {
  if (everything) return "every migration";
  if (to !== undefined) return `everything above ${to}`;
  if (only !== undefined) return only;
  return steps === 1 ? "the last migration" : `the last ${steps} migrations`;
}
