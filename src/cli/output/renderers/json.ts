import { exitCode, toFailureData } from "../../../protocol/failure.ts";
import type { CliContext } from "../../context.ts";
import { jsonLine } from "../json-line.ts";
import type { RenderOptions, Renderer } from "../renderer.ts";

/** One JSON object per line on stdout: the events as they arrive, with the environment, and the exit code on the closing one. */
export function jsonRenderer(context: CliContext, { environment }: RenderOptions): Renderer {
  const write = (object: object): void => context.out.write(`${jsonLine(object)}\n`);
  const log = (message: string): void =>
    write({ type: "log", env: environment, level: "info", code: "client", message });
  return {
    connected: () => undefined,
    waiting: () => undefined,
    notice: log,
    fact: log,
    event: (event) => {
      switch (event.type) {
        case "unknown":
          write(unknownEvent(event.line, environment));
          break;
        case "run.finished":
          write({ ...event, env: environment, exit: event.cancelled ? exitCode.interrupted : 0 });
          break;
        case "run.failed":
          write({ ...event, env: environment, exit: exitCode[event.failure.kind] });
          break;
        default:
          write({ ...event, env: environment });
      }
    },
    failed: (failure) =>
      write({
        type: "failure",
        env: environment,
        exit: exitCode[failure.kind],
        failure: toFailureData(failure),
      }),
    close: () => undefined,
  };
}

function unknownEvent(line: string, environment: string): object {
  const parsed: unknown = JSON.parse(line);
  return { ...(typeof parsed === "object" ? parsed : {}), env: environment };
}
