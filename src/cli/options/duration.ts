import * as z from "zod";
import type { CliContext } from "../context.ts";

const seconds = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;
const shape = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/;

/** `--wait 30s`, `10m`, `1h` or plain seconds, as seconds; `--no-wait` is `false` and becomes 0. */
export const Wait = z
  .union([
    z.literal(false).transform(() => 0),
    z.string().regex(shape, "must be a duration such as 30s or 10m").transform(secondsOf),
  ])
  .optional();

function secondsOf(text: string): number {
  const [, count, unit] = shape.exec(text) ?? [];
  return (
    Number(count) * (unit === "ms" || unit === "m" || unit === "h" ? seconds[unit] : seconds.s)
  );
}

/** How long a run waits for another one, in seconds: a person is told for whom and can decide, a CI job just has to get through. */
export function waitSecondsOf(wait: number | undefined, context: CliContext): number {
  return wait ?? (context.err.isTTY ? 60 : 600);
}
