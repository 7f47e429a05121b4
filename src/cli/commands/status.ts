import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import type { CliContext } from "../context.ts";
import { localOptions } from "./shared-options.ts";

export function declareStatus(program: Command, run: RunCommand): void {
  localOptions(
    program
      .command("status [environment...]")
      .summary("what is applied, pending, unknown, changed")
      .description("Show what is applied, pending, unknown or changed in an environment.")
      .option("--database <name>", "of this database only")
      .option("--check", "end with 6 when anything is not simply applied"),
  ).action((environments: string[], _flags: object, command: Command) =>
    run({ ...command.optsWithGlobals(), environments }),
  );
}

export async function runStatus(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ StatusOptions, parseOptions }, { runOperation }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../run/run-operation.ts"),
  ]);
  const intent = parseOptions(StatusOptions, given, "status");
  return runOperation(context, intent, {
    operation: "status",
    changes: false,
    options: { database: intent.database },
    ...(intent.check && { checks: true }),
  });
}
