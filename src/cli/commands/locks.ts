import type { CommandModule } from "./command.ts";
import { addDatabaseOption, addEnvironmentsOptions, addLocalOptions } from "./shared-options.ts";

export const locks: CommandModule = {
  declare(program) {
    const command = program
      .command("locks [environment...]")
      .summary("list sessions that wait for a lock, and those that hold it")
      .description(
        "List the database sessions that wait for a lock, such as a migration, and those that hold it, with process id, application, user, duration and, if Hasura's database user may see it, the statement. Changes nothing.",
      )
      .example("locks dev-1")
      .example("locks dev-1 --database default --json");
    addDatabaseOption(command);
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ LocksOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(LocksOptions, raw, context.commandLine);
    const { database } = options;
    return runOperation(context, options, { operation: "locks", options: { database } });
  },
};
