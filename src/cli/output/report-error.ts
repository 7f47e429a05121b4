import { exitCode, Failure, toFailureData, type Kind } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import { isTyped, namedEnvironment } from "../options/command-line.ts";
import { withResolvedHints } from "./hints.ts";
import type { CommandContext } from "../context.ts";
import { failureLines } from "./views/failure.ts";
import { jsonLine } from "./json-line.ts";
import { colorsFor } from "./terminal/colors.ts";
import { writeLines } from "./terminal/sink.ts";

/**
 * Shows the error a command threw: as one object on stdout with `--json`, otherwise as text on stderr. Returns the failure's
 * kind.
 */
export function reportError(thrown: unknown, context: CommandContext): Kind {
  const { commandLine, env: variables } = context;
  const failure = withResolvedHints(
    thrown instanceof Failure ? thrown : bug(thrown),
    commandLine,
    variables,
  );
  const environment = namedEnvironment(commandLine);
  if (isTyped(commandLine, "json")) {
    const env = environment === undefined ? {} : { env: environment };
    context.out.write(
      `${jsonLine({ type: "failure", ...env, exit: exitCode[failure.kind], failure: toFailureData(failure) })}\n`,
    );
    return failure.kind;
  }
  const style = colorsFor(context.err, variables, !isTyped(commandLine, "color"));
  const columns = context.err.isTTY ? context.err.columns : Infinity;
  const debug = isTyped(commandLine, "debug");
  writeLines(context.err, failureLines(failure, { style, columns, debug }));
  return failure.kind;
}

/** Any other error, converted to a `Failure`. */
export function bug(thrown: unknown): Failure {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const failure = new Failure("bug", "unexpected", `This is a bug in hasura-migrate: ${text}`, {
    hints: [retryHint({ with: ["--debug"], reason: "report the output of" })],
  });
  if (thrown instanceof Error && thrown.stack !== undefined) failure.stack = thrown.stack;
  return failure;
}
