import { CliOption } from "../options/command-line.ts";
import type { CommandModule } from "./command.ts";
import { addExclusiveOptions } from "./shared-options.ts";

export const lint: CommandModule = {
  declare(program) {
    const command = program
      .command("lint [directory]")
      .summary("find statements that lock, rewrite, fail or lose data")
      .description(
        "Check the SQL of every migration with PostgreSQL's own parser: statements that block reads or writes of a table, rewrite it, lose data, or fail. " +
          "Exits with code 6 if there is an error. No database is used.",
      )
      .example("lint")
      .example("lint --since origin/main", "only what a branch adds")
      .example("lint --strict --github", "in GitHub Actions")
      .example("lint ./hasura --sarif", "for code scanning")
      .addOption(
        new CliOption(
          "--since <revision>",
          "check only migrations that are new or changed compared with this Git revision",
        ),
      )
      .addOption(new CliOption("--database <name>", "only this database"))
      .addOption(new CliOption("--strict", "also fail on warnings"));
    return addExclusiveOptions(command, [
      new CliOption("--sarif", "print a SARIF 2.1.0 document, for code scanning"),
      new CliOption("--github", "print annotations for GitHub Actions"),
    ]);
  },
  operands: ([directory]) => ({ directory }),
  async run(context, raw) {
    const [{ LintOptions, parseOptions }, { runLint }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/lint/run-lint.ts"),
    ]);
    return runLint(context, parseOptions(LintOptions, raw, context.commandLine));
  },
};
