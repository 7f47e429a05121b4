import type { Command } from "commander";
import type { CommandResult } from "../command-result.ts";
import type { RawOptions, RunCommand } from "../program.ts";
import { waitSecondsOf } from "../options/duration.ts";
import type { CliContext } from "../context.ts";
import { localOptions } from "./shared-options.ts";

export function declareApply(program: Command, run: RunCommand): void {
  localOptions(
    program
      .command("apply [environment...]", { isDefault: true })
      .summary("apply pending migrations; the word may be left out")
      .description(
        "Apply the pending migrations of an environment. The word apply may be left out.",
      )
      .option("--to <version>", "stop after this version")
      .option("--steps <count>", "apply at most this many")
      .option("--only <version>", "apply this one alone")
      .option("--database <name>", "of this database only")
      .option("--dry-run", "print the plan, change nothing")
      .option(
        "-y, --yes [environment]",
        "do not ask; a protected environment wants its name: --yes=NAME",
      )
      .option(
        "--strict",
        "refuse changed files; end with 7 when metadata is inconsistent afterwards",
      )
      .option(
        "--out-of-order",
        "apply versions older than the newest applied one, also where protected",
      )
      .option("--no-transaction", "run every file outside a transaction")
      .option(
        "--wait <duration>",
        "wait this long for another run: 30s, 10m (60s in a terminal, else 10m)",
      )
      .option("--no-wait", "end with 5 when another run is in progress")
      .option("--no-reload", "do not reload Hasura's metadata afterwards"),
  ).action((environments: string[], _flags: object, command: Command) =>
    run({ ...command.optsWithGlobals(), environments }),
  );
}

export async function runApply(context: CliContext, given: RawOptions): Promise<CommandResult> {
  const [{ ApplyOptions, parseOptions }, { runOperation }] = await Promise.all([
    import("../options/schemas.ts"),
    import("../run/run-operation.ts"),
  ]);
  const intent = parseOptions(ApplyOptions, given, "apply");
  return runOperation(context, intent, {
    operation: "apply",
    changes: !intent.dryRun,
    options: {
      to: intent.to,
      steps: intent.steps,
      only: intent.only,
      database: intent.database,
      dryRun: intent.dryRun,
      strict: intent.strict,
      outOfOrder: intent.outOfOrder,
      noTransaction: intent.transaction ? undefined : true,
      reload: intent.reload ? undefined : false,
      waitSeconds: intent.dryRun ? undefined : waitSecondsOf(intent.wait, context),
    },
  });
}
