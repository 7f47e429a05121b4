import type { CommandModule } from "./command.ts";
import { addEnvironmentNames, addLocalOptions } from "./shared-options.ts";

export const doctor: CommandModule = {
  declare(program) {
    const command = program
      .command("doctor [environment...]")
      .summary("check everything from the configuration to the database")
      .description(
        "Check everything between this machine and the databases: configuration, credentials, function, Hasura, the admin secret, the database role and the ledger. Changes nothing. Without an environment, it checks all of them.",
      )
      .example("doctor dev-1")
      .example("doctor --all", "all configured environments")
      .example("doctor prod --json");
    addEnvironmentNames(command);
    return addLocalOptions(command);
  },
  operands: (environments) => ({ environments }),
  async run(context, raw) {
    const [{ TargetOptions, parseOptions }, { runDoctor }] = await Promise.all([
      import("../options/schemas.ts"),
      import("../run/doctor/run-doctor.ts"),
    ]);
    return runDoctor(context, parseOptions(TargetOptions, raw, context.commandLine));
  },
};
