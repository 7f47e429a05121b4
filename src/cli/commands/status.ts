import type { CommandModule } from "./command.ts";
import {
  addDatabaseOption,
  addEnvironmentsOptions,
  addLocalOptions,
  addSourceOptions,
} from "./shared-options.ts";

export const status: CommandModule = {
  declare(program) {
    const command = program
      .command("status [environment...]")
      .summary("show what is applied, pending, unknown or changed")
      .description("Show what is applied, pending, unknown or changed in an environment.")
      .example("status dev-1")
      .example("status dev-1 --check", "for scripts")
      .example("status local")
      .example("status --all", "compare environments in one table")
      .example("status --all --html status.html")
      .option(
        "--check",
        "exit with code 6 unless every migration is cleanly applied and every local one is in the image; with code 2 if the local ones cannot be read",
      )
      .option(
        "--full",
        "with several environments: also show migrations that are applied everywhere",
      )
      .option("--markdown", "print the table as Markdown, for a pull request")
      .option("--html <file>", "write the table as a self-contained web page; - means stdout");
    addDatabaseOption(command);
    addSourceOptions(command, { runs: false });
    addEnvironmentsOptions(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ StatusOptions, parseOptions }, { runOperation }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/run-operation.ts"),
    ]);
    const options = parseOptions(StatusOptions, raw, context.commandLine);
    return runOperation(context, options, {
      operation: "status",
      options: { database: options.database },
      ...(options.check && { checks: true }),
      report: {
        kind: "matrix",
        database: options.database,
        full: options.full ?? false,
        markdown: options.markdown ?? false,
        html: options.html,
      },
    });
  },
};
