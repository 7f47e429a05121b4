import { waitSecondsFor } from "../options/duration.ts";
import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addLocalOptions,
  addReloadOption,
  addWaitOptions,
  addYesOption,
} from "./shared-options.ts";

export const redo: CommandModule = {
  declare(program) {
    const command = program
      .command("redo [environment]")
      .summary("roll back the last migration and apply it again")
      .description(
        "Roll back the last migration and apply it again. Useful while you are writing it.",
      )
      .example("redo local")
      .example("redo dev-1 --yes");
    addYesOption(command);
    addDatabaseOption(command);
    addWaitOptions(command);
    addReloadOption(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ RedoOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(RedoOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "redo",
      question: "Roll back the last migration of {env} and apply it again?",
      // Trying out migrations is what the embedded database is for.
      trustsEmbedded: true,
      options: {
        database: options.database,
        reload: options.reload ? undefined : false,
        waitSeconds: waitSecondsFor(options.wait, context),
      },
    });
  },
};
