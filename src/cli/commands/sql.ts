import { CliOption } from "../options/command-line.ts";
import type { CommandModule } from "./command.ts";
import { addDatabaseOption, addLocalOptions } from "./shared-options.ts";

export const sql: CommandModule = {
  declare(program) {
    const command = program
      .command("sql [environment] [statement]")
      .summary("run one read-only query")
      .description(
        "Run one read-only statement (SELECT, VALUES, TABLE, EXPLAIN or SHOW) in the environment's database, and print its rows. The function must allow it (HASURA_MIGRATE_SQL). The history records who ran it and a hash of the statement.",
      )
      .example("sql dev-1 'SELECT count(*) FROM orders'")
      .example("sql dev-1 --file report.sql --csv")
      .example("sql dev-1 --file -", "from standard input")
      .addOption(
        new CliOption(
          "-f, --file <file>",
          "read the statement from a file, or from standard input (-)",
        ).completedBy("file"),
      )
      .option("--csv", 'print CSV: NULL is empty, an empty string is ""')
      .option("--limit <count>", "print at most this many rows (default: 1000; at most 10000)");
    addDatabaseOption(command, "the database, if there are several");
    return addLocalOptions(command);
  },
  // A single word is the statement if it contains white space, and otherwise the environment.
  operands: ([first, second]) => {
    if (second === undefined && first !== undefined && /\s/.test(first))
      return { environments: [], statement: first };
    return {
      environments: first === undefined ? [] : [first],
      ...(second !== undefined && { statement: second }),
    };
  },
  async run(context, raw) {
    const [{ SqlOptions, parseOptions }, { runOperation }, { statementFrom }, { unlessAborted }] =
      await Promise.all([
        import("../options/schemas.ts"),
        import("../run/run-operation.ts"),
        import("../project/statement.ts"),
        import("../run/until-aborted.ts"),
      ]);
    const options = parseOptions(SqlOptions, raw, context.commandLine);
    const { database, limit, csv } = options;
    // The writer of a pipe may never close it.
    const text = await unlessAborted(statementFrom(options, context), context.interrupts.first);
    if (text === undefined) return "interrupted";
    return runOperation(context, options, {
      operation: "sql",
      options: { database, sql: text, limit },
      csv,
    });
  },
};
