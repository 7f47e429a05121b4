import { Failure, toFailureData } from "../../../protocol/failure.ts";
import { exitCodeOf, type CommandResult } from "../../command-result.ts";
import type { CommandContext } from "../../context.ts";
import type { TargetOptions } from "../../options/schemas.ts";
import { plural } from "../../output/format.ts";
import { withResolvedHints } from "../../output/hints.ts";
import { jsonLine } from "../../output/json-line.ts";
import { colorsFor } from "../../output/terminal/colors.ts";
import { writeLines } from "../../output/terminal/sink.ts";
import { plain, type Styled } from "../../output/terminal/styled.ts";
import type { Spinner } from "../../output/terminal/spinner.ts";
import { waitingLine } from "../../output/terminal/waiting-line.ts";
import { checkLines } from "../../output/views/checks.ts";
import type { ConnectionPresenter } from "../environment-run.ts";
import type { Check } from "./checks.ts";

/** Where the checks are shown. With several environments, those of one environment appear together. */
export interface DoctorOutput {
  line(check: Check): void;
  environment(
    name: string,
    context: CommandContext,
  ): {
    readonly check: (check: Check) => void;
    readonly presenter: ConnectionPresenter;
    readonly done: () => void;
  };
  /** Shows the buffered checks of an environment. */
  flush(name: string): void;
  summary(
    environments: readonly string[],
    results: readonly CommandResult[],
    result: CommandResult,
  ): void;
}

/** How `doctor` shows its checks: as JSON or as lines. */
export function doctorOutput(
  context: CommandContext,
  options: TargetOptions,
  several: boolean,
): DoctorOutput {
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
        exit: exitCodeOf(result),
        environments: environments.map((env, i) => {
          const own = results[i] ?? "done";
          return { env, result: own, exit: exitCodeOf(own) };
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
  const write = (lines: readonly Styled[]): void => writeLines(out, lines);
  const held = new Map<string, Styled[]>();
  const animated = out.isTTY && err.isTTY;
  const spinner = waitingLine(context, { color: options.color, animated });
  const waiting = waitingWith(spinner);
  const show = (name: string, lines: readonly Styled[]): void => {
    if (several) held.set(name, [...(held.get(name) ?? []), ...lines]);
    else {
      spinner.stop();
      write(lines);
    }
  };
  return {
    line: (check) => write(checkLines(check, look)),
    environment: (name, own) => ({
      check: (check) => show(name, checkLines(resolved(check, own), look)),
      presenter: { ...silentPresenter, ...waiting },
      done: () => spinner.stop(),
    }),
    flush: (name) => {
      if (!several) return;
      spinner.stop();
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

/** Shows what is being waited for, but nothing during a prompt, which only one environment at a time shows. */
function waitingWith(
  spinner: Spinner,
): Pick<ConnectionPresenter, "waiting" | "waitingAfterSilence" | "pause"> {
  const state: { text?: string; isPaused: boolean } = { isPaused: false };
  const show = (text: string): void => {
    state.text = text;
    if (!state.isPaused) spinner.show(text);
  };
  return {
    waiting: show,
    waitingAfterSilence: show,
    pause: () => {
      state.isPaused = true;
      spinner.stop();
      return () => {
        state.isPaused = false;
        if (state.text !== undefined) spinner.show(state.text);
      };
    },
  };
}

const silentPresenter: ConnectionPresenter = {
  notice: () => undefined,
  stopping: () => undefined,
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
