import type { CommandModule } from "./command.ts";
import { addEnvironmentsOptions, addLocalOptions } from "./shared-options.ts";

export const history: CommandModule = {
  declare(program) {
    const command = program
      .command("history [environment...]")
      .summary("list runs: who, when, how long, and the result")
      .description(
        "List past runs and those in progress: who ran what and when, from which commit, how long it took and the result.",
      )
      .example("history dev-1")
      .example("history dev-1 --run 01a2b3", "one run in full")
      .option("--limit <count>", "list at most this many (default: 20)")
      .option(
        "--queries",
        "also list queries (sql), as --json does; otherwise they are only counted",
      )
      .option("--no-queries", "only count queries, also in --json")
      .option("--run <id>", "show this run in full; a prefix of its id is enough");
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ HistoryOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(HistoryOptions, raw, context.commandLine);
    const { run, limit, json = false, queries = json } = options;
    return runOperation(context, options, {
      operation: "history",
      options: { run, limit },
      run,
      countsQueries: !queries && run === undefined,
    });
  },
};
