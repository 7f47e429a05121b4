import type { CliContext } from "../../context.ts";
import { colorsFor } from "./colors.ts";
import { terminalSpinner, type Spinner } from "./spinner.ts";

/** Without a spinner, a wait shorter than this is not shown. */
const silenceMs = 1000;

/** Shows on stderr what is waited for: with a spinner in a terminal, and elsewhere as one line after a second. */
export function waitingLine(
  { err, env, every }: Pick<CliContext, "err" | "env" | "every">,
  { color, animated = err.isTTY }: { readonly color: boolean; readonly animated?: boolean },
): Spinner {
  if (animated) return terminalSpinner(err, colorsFor(err, env, color));
  let stop = (): void => undefined;
  return {
    show: (text) => {
      stop();
      stop = onceAfter(silenceMs, every, () => err.write(`${text}\n`));
    },
    stop: () => stop(),
  };
}

/** Calls `run` once, after so many milliseconds or at once without any, unless the returned function is called before. */
export function onceAfter(ms: number, every: CliContext["every"], run: () => void): () => void {
  if (ms > 0) {
    const stop = every(ms, () => {
      stop();
      run();
    });
    return stop;
  }
  run();
  return () => undefined;
}
