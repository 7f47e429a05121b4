import pLimit from "p-limit";
import { exitCode, Failure, toFailureData } from "../../../protocol/failure.ts";
import { loadConfig, type LoadedConfig } from "../../config/load.ts";
import { environmentNames } from "../../config/resolve-target.ts";
import { selectEnvironments } from "../../config/select-environments.ts";
import { SharedCredentials } from "../../connection/aws/shared-credentials.ts";
import type { CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import { commandLineFor } from "../../options/command-line.ts";
import type { TargetOptions } from "../../options/schemas.ts";
import { plural } from "../../output/format.ts";
import { withResolvedHints } from "../../output/hints.ts";
import { jsonLine } from "../../output/json-line.ts";
import { colorsFor } from "../../output/terminal/colors.ts";
import { plain, styled, type Styled } from "../../output/terminal/styled.ts";
import { terminalSpinner } from "../../output/terminal/spinner.ts";
import { checkLines } from "../../output/views/checks.ts";
import { actorOf } from "../actor.ts";
import { worstResult } from "../several/worst-result.ts";
import type { ConnectionPresenter } from "../environment-run.ts";
import { checkEnvironment } from "./check-environment.ts";
import { CheckList, type Check } from "./checks.ts";

/** Environments that are checked at once. */
const atOnce = 10;

/**
 * `doctor`: checks the configuration, then each environment by itself; one that fails does not stop the others. Resolves to the
 * worst result.
 */
export async function runDoctor(
  context: CommandContext,
  options: TargetOptions,
): Promise<CommandResult> {
  const loaded = await loadConfig(context, options.config);
  const stages = stagesOf(context, options, loaded);
  const environments = stages.flat();
  const output = outputOf(context, options, environments.length > 1);
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
      await checkEnvironment(own, checked, checks);
      shown.done();
      return worstResult(checks.failed);
    }),
  );
  // Each in its turn, however fast the others are.
  const ended: CommandResult[] = [];
  for (const [i, environment] of environments.entries()) {
    const result = (await results[i]) ?? "done";
    output.flush(environment);
    ended.push(result);
  }
  credentials.close();
  const result = worstResult(ended);
  output.summary(environments, ended, result);
  return result;
}

function stagesOf(
  { commandLine }: CommandContext,
  options: TargetOptions,
  loaded: LoadedConfig,
): readonly (readonly string[])[] {
  const isNamed = options.environments.length > 0 || options.group.length > 0;
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

/** Where the checks go. With several environments, those of one appear together. */
interface DoctorOutput {
  line(check: Check): void;
  environment(
    name: string,
    context: CommandContext,
  ): {
    readonly check: (check: Check) => void;
    readonly presenter: ConnectionPresenter;
    readonly done: () => void;
  };
  /** Shows what was held back of an environment. */
  flush(name: string): void;
  summary(
    environments: readonly string[],
    results: readonly CommandResult[],
    result: CommandResult,
  ): void;
}

function outputOf(context: CommandContext, options: TargetOptions, several: boolean): DoctorOutput {
  return options.json ? jsonOutput(context) : textOutput(context, options, several);
}

function jsonOutput({ out }: CommandContext): DoctorOutput {
  const write = (object: object): void => out.write(`${jsonLine(object)}\n`);
  const object = ({ failure, ...check }: Check): object => ({
    ...{ type: "check", ...check },
    ...(failure && { failure: toFailureData(failure) }),
  });
  return {
    line: (check) => write(object(check)),
    environment: (env, context) => ({
      check: (check) => write({ ...object(resolved(check, context)), env }),
      presenter: silentPresenter,
      done: () => undefined,
    }),
    flush: () => undefined,
    summary: (environments, results, result) =>
      write({
        type: "summary",
        exit: exitOf(result),
        environments: environments.map((env, i) => {
          const own = results[i] ?? "done";
          return { env, result: own, exit: exitOf(own) };
        }),
      }),
  };
}

function textOutput(
  context: CommandContext,
  options: TargetOptions,
  several: boolean,
): DoctorOutput {
  const { out, err, env } = context;
  const style = colorsFor(out, env, options.color);
  const look = {
    style,
    columns: out.isTTY ? out.columns : Infinity,
    debug: options.debug ?? false,
  };
  const write = (lines: readonly Styled[]): void => {
    for (const line of lines) out.writeStyled(styled`${line}\n`);
  };
  const held = new Map<string, Styled[]>();
  const spinner = out.isTTY && err.isTTY ? terminalSpinner(err, style) : undefined;
  const waiting = waitingWith(spinner);
  const show = (name: string, lines: readonly Styled[]): void => {
    if (several) held.set(name, [...(held.get(name) ?? []), ...lines]);
    else {
      spinner?.stop();
      write(lines);
    }
  };
  return {
    line: (check) => write(checkLines(check, look)),
    environment: (name, own) => ({
      check: (check) => show(name, checkLines(resolved(check, own), look)),
      presenter: { ...silentPresenter, ...waiting },
      done: () => spinner?.stop(),
    }),
    flush: (name) => {
      if (!several) return;
      spinner?.stop();
      write([plain(""), style.bold(name), ...(held.get(name) ?? [])]);
    },
    summary: (environments, results) => {
      const failed = environments.filter((_, i) => results[i] !== "done");
      if (!several) return;
      const words =
        failed.length === 0
          ? `${plural(environments.length, "environment")}: all checks passed`
          : `${failed.length} of ${plural(environments.length, "environment")} failed: ${failed.join(", ")}`;
      write([plain(""), plain(words)]);
    },
  };
}

/** Shows what is waited for, and nothing while a person is asked, which only one environment at a time does. */
function waitingWith(
  spinner: ReturnType<typeof terminalSpinner> | undefined,
): Pick<ConnectionPresenter, "waiting" | "waitingAfterSilence" | "pause"> {
  const state: { text?: string; isPaused: boolean } = { isPaused: false };
  const show = (text: string): void => {
    state.text = text;
    if (!state.isPaused) spinner?.show(text);
  };
  return {
    waiting: show,
    waitingAfterSilence: show,
    pause: () => {
      state.isPaused = true;
      spinner?.stop();
      return () => {
        state.isPaused = false;
        if (state.text !== undefined) spinner?.show(state.text);
      };
    },
  };
}

const silentPresenter: ConnectionPresenter = {
  notice: () => undefined,
  fact: () => undefined,
  waiting: () => undefined,
  waitingAfterSilence: () => undefined,
  pause: () => () => undefined,
  connected: () => undefined,
};

function resolved(check: Check, { commandLine, env }: CommandContext): Check {
  return check.failure instanceof Failure
    ? { ...check, failure: withResolvedHints(check.failure, commandLine, env) }
    : check;
}

function exitOf(result: CommandResult): number {
  return result === "done" ? 0 : exitCode[result];
}
