import pLimit from "p-limit";
import { Failure } from "../../../protocol/failure.ts";
import { loadConfig, type LoadedConfig } from "../../config/load.ts";
import { environmentNames } from "../../config/resolve-target.ts";
import { selectEnvironments } from "../../config/select-environments.ts";
import { SharedCredentials } from "../../connection/aws/shared-credentials.ts";
import type { CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import { commandLineFor } from "../../options/command-line.ts";
import type { TargetOptions } from "../../options/schemas.ts";
import { plural } from "../../output/format.ts";
import { bug } from "../../output/report-error.ts";
import { actorOf } from "../actor.ts";
import { worstResult } from "../several/worst-result.ts";
import { checkEnvironment } from "./check-environment.ts";
import { CheckList, type Check } from "./checks.ts";
import { doctorOutput } from "./doctor-output.ts";

/** Environments that are checked at once. */
const atOnce = 10;

/**
 * `doctor`: checks the configuration, then each environment separately; one that fails does not stop the others. Resolves to the
 * worst result.
 */
export async function runDoctor(
  context: CommandContext,
  options: TargetOptions,
): Promise<CommandResult> {
  const loaded = await loadConfig(context, options.config);
  const stages = stagesOf(context, options, loaded);
  const environments = stages.flat();
  const output = doctorOutput(context, options, environments.length > 1);
  output.line(configurationCheck(loaded));
  const actor = await actorOf(context, false);
  const credentials = new SharedCredentials();
  const limit = pLimit(options.concurrency ?? atOnce);
  const results = environments.map((environment) =>
    limit(async () => {
      const own = { ...context, commandLine: commandLineFor(environment, context.commandLine) };
      const shown = output.environment(environment, own);
      const checks = new CheckList(context.now, shown.check);
      const { presenter } = shown;
      const checked = { environment, loaded, options, credentials, actor, presenter };
      // One environment that fails, even by a bug, must not end the others.
      await checkEnvironment(own, checked, checks).catch((thrown: unknown) => {
        checks.failure("environment", thrown instanceof Failure ? thrown : bug(thrown));
      });
      shown.done();
      return worstResult(checks.failed);
    }),
  );
  // In order, however fast the others are.
  const ended: CommandResult[] = [];
  try {
    for (const [i, environment] of environments.entries()) {
      ended.push((await results[i]) ?? "done");
      output.flush(environment);
    }
  } finally {
    credentials.close();
  }
  const result = worstResult(ended);
  output.summary(environments, ended, result);
  return result;
}

function stagesOf(
  { commandLine }: CommandContext,
  options: TargetOptions,
  loaded: LoadedConfig,
): readonly (readonly string[])[] {
  const isNamed =
    options.all === true || options.environments.length > 0 || options.group.length > 0;
  const all = isNamed ? options.all : environmentNames(loaded).length > 0;
  const selected = selectEnvironments({ ...options, all }, loaded, {
    operation: "doctor",
    commandTyped: commandLine.commandTyped,
    commands: commandLine.commands,
  });
  return selected.kind === "one" ? [[selected.environment]] : selected.stages;
}

function configurationCheck(loaded: LoadedConfig): Check {
  const names = environmentNames(loaded);
  const message =
    loaded.file === undefined
      ? "no file; NAME calls the function hasura-migrate-NAME with the AWS profile NAME"
      : `${loaded.file}: ${plural(names.length, "environment")}`;
  return { name: "configuration", state: "ok", message, tookMs: 0 };
}
