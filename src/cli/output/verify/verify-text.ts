import type { VerifyEvent } from "../../../protocol/verification.ts";
import type { CommandResult } from "../../command-result.ts";
import type { CliContext, Sink } from "../../context.ts";
import { colorsFor } from "../terminal/colors.ts";
import { writeLines } from "../terminal/sink.ts";
import { terminalSpinner } from "../terminal/spinner.ts";
import type { Styled } from "../terminal/styled.ts";
import {
  finishedLine,
  problemLines,
  resultLines,
  startedLines,
  type VerifyLook,
} from "./verify-lines.ts";
import { resultOf, type VerifyOutput } from "./verify-output.ts";

export interface VerifyTextOptions {
  readonly quiet: boolean;
  readonly color: boolean;
  readonly strict: boolean;
}

/** Results on stdout; in a terminal, the current activity is shown below them. */
export function verifyText(context: CliContext, options: VerifyTextOptions): VerifyOutput {
  const { out, err, env } = context;
  const lookOf = (sink: Sink): VerifyLook => ({
    style: colorsFor(sink, env, options.color),
    columns: sink.isTTY ? sink.columns : Infinity,
  });
  const [look, aside] = [lookOf(out), lookOf(err)];
  const spinner = terminalSpinner(err, aside.style);
  let result: CommandResult = "done";
  let checked = 0;
  let several = false;
  const write = (sink: Sink, lines: readonly Styled[]): void => {
    spinner.stop();
    writeLines(sink, lines);
  };
  const started = (event: Extract<VerifyEvent, { type: "verify.started" }>): void => {
    checked = event.databases.reduce((sum, each) => sum + each.checked, 0);
    several = event.databases.length > 1;
    if (!options.quiet) write(err, startedLines(event, aside));
    write(
      out,
      event.problems.flatMap((problem) => problemLines(problem, { belowRow: false }, look)),
    );
  };
  return {
    event: (event) => {
      switch (event.type) {
        case "verify.started":
          started(event);
          break;
        case "verify.progress":
          if (err.isTTY && !options.quiet) spinner.show(event.text);
          break;
        case "verify.migration":
        case "verify.metadata":
        case "verify.order":
          if (!options.quiet || event.problems.length > 0)
            write(out, resultLines(event, several, look));
          break;
        case "verify.finished":
          result = resultOf(event, options.strict);
          write(out, [finishedLine(event, checked, look)]);
      }
    },
    close: async () => spinner.stop(),
    result: () => result,
  };
}
