import { environmentOperands } from "../options/operands.ts";
import { waitSecondsFor } from "../run/wait-seconds.ts";
import type { CommandModule } from "./command.ts";
import {
  addAllowOption,
  addDatabaseOption,
  addDryRunOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addReloadOption,
  addRunnerOption,
  addSourceOptions,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const redo: CommandModule = {
  declare(program) {
    const command = program
      .command("redo [environment...]")
      .usage("[options] [environment...] [version]")
      .summary("roll back a migration and apply it again")
      .description(
        "Roll back a migration and apply it again, which is useful while you are writing it. Without a version: the one applied last. If a failed redo left it pending, it is only applied. Shows the migration, then asks.",
      )
      .example("redo local")
      .example("redo dev-1 1700000000100", "a specific one")
      .example("redo dev-1 --yes");
    addDryRunOption(command);
    addYesOption(command);
    addAllowOption(command);
    addDatabaseOption(command);
    addSourceOptions(command, { runs: true });
    addWaitOptions(command);
    addReloadOption(command);
    addRunnerOption(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (words) => {
    const { environments, numbers } = environmentOperands(words);
    return { environments, versions: numbers };
  },
  async run(context, raw) {
    const [{ RedoOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(RedoOptions, raw, context.commandLine);
    const { dryRun } = options;
    const [version] = options.versions;
    return runOperation(context, options, {
      operation: "redo",
      ...(!dryRun && {
        question: `Roll back ${version ?? "the last migration"} of {env} and apply it again?`,
      }),
      // The embedded database exists for trying out migrations.
      trustsEmbedded: true,
      options: {
        database: options.database,
        version,
        dryRun,
        changed: options.changed,
        reload: options.reload ? undefined : false,
        allow: options.allow,
        waitSeconds: waitSecondsFor(options, context),
      },
    });
  },
};
