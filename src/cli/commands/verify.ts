import { CliOption } from "../options/command-line.ts";
import type { CommandModule } from "./command.ts";

export const verify: CommandModule = {
  declare(program) {
    return program
      .command("verify [directory]")
      .summary("check that every down.sql undoes its up.sql, on a throwaway database")
      .description(
        "Apply every migration of a project to a new database, roll it back, compare the schema with the one before, and apply it again. " +
          "A PostgreSQL server is started on this machine for the run and removed afterwards; no environment is used.",
      )
      .example("verify")
      .example("verify --since origin/main", "only what a branch adds, also out of order")
      .example("verify ./hasura --locks", "what each statement locks and rewrites")
      .addOption(
        new CliOption(
          "--since <revision>",
          "check only migrations that are new or changed compared with this Git revision",
        ),
      )
      .addOption(new CliOption("--database <name>", "only this database"))
      .addOption(new CliOption("--locks", "measure what each statement locks and rewrites"))
      .addOption(new CliOption("--strict", "also fail on warnings"))
      .optionsGroup("Database server:")
      .addOption(
        new CliOption(
          "--database-url <url>",
          "create temporary databases on this server instead of starting one",
        ),
      )
      .addOption(
        new CliOption(
          "--throwaway",
          "with --database-url: allow changes to the whole server, such as roles, because nobody else uses it",
        ),
      )
      .addOption(
        new CliOption(
          "--postgres-bin <directory>",
          "use the PostgreSQL installation in this directory, for its extensions",
        ).completedBy("directory"),
      )
      .addOption(
        new CliOption(
          "--superuser",
          "run migrations as a superuser, which can run programs on this machine",
        ),
      );
  },
  operands: ([directory]) => ({ directory }),
  async run(context, raw) {
    const [{ VerifyOptions, parseOptions }, { runVerify }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/verify/run-verify.ts"),
    ]);
    return runVerify(context, parseOptions(VerifyOptions, raw, context.commandLine));
  },
};
