import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import type { CliContext } from "../context.ts";
import { localOptions } from "./shared-options.ts";

export function declarePlan(program: Command, run: RunCommand): void {
  localOptions(
    program
      .command("plan [environment...]")
      .summary("what apply would run, with the SQL")
      .description("Show what apply would run, with the SQL. Changes nothing.")
      .option("--to <version>", "up to this version")
      .option("--steps <count>", "at most this many")
      .option("--only <version>", "this one alone")
      .option("--database <name>", "of this database only"),
  ).action((environments: string[], _flags: object, command: Command) =>
    run({ ...command.optsWithGlobals(), environments }),
  );
}

export async function runPlan(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ PlanOptions, parseOptions }, { runOperation }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../run/run-operation.ts"),
  ]);
  const intent = parseOptions(PlanOptions, given, "plan");
  const { to, steps, only, database } = intent;
  return runOperation(context, intent, {
    operation: "plan",
    changes: false,
    options: { to, steps, only, database },
  });
}
