import { exitCode, toFailureData } from "../../../protocol/failure.ts";
import type { CliContext } from "../../context.ts";
import type { RenderOptions, Renderer } from "../renderer.ts";

/** One JSON object a line on stdout: the events as they came, with the environment, and the exit code on the closing one. */
export function jsonLines(context: CliContext, about: RenderOptions): Renderer {
  const write = (object: object): void => context.out.write(`${JSON.stringify(object)}\n`);
  const env = about.environment;
  const log = (message: string): void =>
    write({ type: "log", env, level: "info", code: "client", message });
  return {
    waiting: () => undefined,
    notice: log,
    fact: log,
    event: (event) => {
      if (event.type === "unknown") write(unknownObject(event.line, env));
      else if (event.type === "run.finished")
        write({ ...event, env, exit: event.cancelled ? exitCode.interrupted : 0 });
      else if (event.type === "run.failed")
        write({ ...event, env, exit: exitCode[event.failure.kind] });
      else write({ ...event, env });
    },
    failed: (failure) =>
      write({
        type: "failure",
        env,
        exit: exitCode[failure.kind],
        failure: toFailureData(failure),
      }),
    close: () => undefined,
  };
}

function unknownObject(line: string, env: string): object {
  const parsed: unknown = JSON.parse(line);
  return { ...(typeof parsed === "object" ? parsed : {}), env };
}
