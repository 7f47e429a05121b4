import { exitCode, Failure, toFailureData, type Kind } from "../../protocol/failure.ts";
import { withWholeHints } from "./hints.ts";
import type { CliContext } from "../context.ts";
import { failureLines } from "./views/failure.ts";
import { colorsFor } from "./terminal/colors.ts";

/** Shows what a command threw: as one object on stdout with `--json`, else in words on stderr. Returns the failure's kind. */
export function reportError(thrown: unknown, context: CliContext, environment?: string): Kind {
  const failure = withWholeHints(
    thrown instanceof Failure ? thrown : bug(thrown),
    context.argv,
    environment,
  );
  if (context.argv.includes("--json")) {
    const env = environment === undefined ? {} : { env: environment };
    context.out.write(
      `${JSON.stringify({ type: "failure", ...env, exit: exitCode[failure.kind], failure: toFailureData(failure) })}\n`,
    );
    return failure.kind;
  }
  const style = colorsFor(context.err, context.env, !context.argv.includes("--no-color"));
  const columns = context.err.isTTY ? context.err.columns : Infinity;
  for (const line of failureLines(failure, {
    style,
    columns,
    debug: context.argv.includes("--debug"),
  }))
    context.err.write(`${line}\n`);
  return failure.kind;
}

function bug(thrown: unknown): Failure {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const failure = new Failure("bug", "unexpected", `This is a bug in hasura-migrate: ${text}`, {
    hints: ["Run it again with --debug and report what it prints."],
  });
  if (thrown instanceof Error && thrown.stack !== undefined) failure.stack = thrown.stack;
  return failure;
}
