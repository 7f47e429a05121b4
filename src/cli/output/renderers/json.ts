import type { EventOf } from "../../../protocol/events.ts";
import { exitCode, toFailureData } from "../../../protocol/failure.ts";
import { exitCodeOf, type CommandResult } from "../../command-result.ts";
import type { CliContext } from "../../context.ts";
import { jsonLine } from "../json-line.ts";
import type { RenderOptions, Renderer } from "../renderer.ts";

/** One JSON object per line on stdout: the events as they arrive, with the environment, and the exit code on the closing one. */
export function jsonRenderer(context: CliContext, { environment }: RenderOptions): Renderer {
  const write = (object: object): void => context.out.write(`${jsonLine(object)}\n`);
  const log = (message: string): void =>
    write({ type: "log", env: environment, level: "info", code: "client", message });
  return {
    silenceMs: 1000,
    connected: () => undefined,
    waiting: () => undefined,
    pause: () => () => undefined,
    notice: log,
    fact: log,
    // There are no prompts with --json.
    preview: () => undefined,
    event: (event, result) => {
      switch (event.type) {
        case "unknown":
          // Nested, so that nothing in it can be mistaken for one of our events.
          write({ type: "unknown", env: environment, event: event.event });
          break;
        case "run.finished":
          write({ ...event, env: environment, exit: finishedExit(event, result) });
          break;
        case "run.failed":
          write({ ...event, env: environment, exit: exitCode[event.failure.kind] });
          break;
        default:
          // Only the last object has an exit code, even if a newer function sends a field called `exit`.
          write({ ...event, env: environment, exit: undefined });
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

/** A command can fail although its run succeeded: `status --check`. */
function finishedExit({ cancelled }: EventOf<"run.finished">, result?: CommandResult): number {
  if (result !== undefined && result !== "done") return exitCodeOf(result);
  return cancelled === true ? exitCode.interrupted : 0;
}
