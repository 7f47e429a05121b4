import { exitCode, Failure, toFailureData, type Kind } from "../../protocol/failure.ts";
import { withWholeHints } from "../same-command.ts";
import type { World } from "../world.ts";
import { failureLines } from "./failure-card.ts";
import { styleFor } from "./style.ts";

/** Shows what a command threw: as one object on stdout with `--json`, else in words on stderr. Returns the failure's kind. */
export function report(thrown: unknown, world: World, environment?: string): Kind {
  const failure = withWholeHints(thrown instanceof Failure ? thrown : bug(thrown), world.argv, environment);
  if (world.argv.includes("--json")) {
    const env = environment === undefined ? {} : { env: environment };
    world.out.write(`${JSON.stringify({ type: "failure", ...env, exit: exitCode[failure.kind], failure: toFailureData(failure) })}\n`);
    return failure.kind;
  }
  const style = styleFor(world.err, world.env, !world.argv.includes("--no-color"));
  const columns = world.err.isTTY ? world.err.columns : Infinity;
  for (const line of failureLines(failure, { style, columns, debug: world.argv.includes("--debug") })) world.err.write(`${line}\n`);
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
