import * as z from "zod";

const secondsPer = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;
const shape = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/;

/** `--wait 30s`, `10m`, `1h` or plain seconds, as seconds; `--no-wait` is `false` and becomes 0. */
export const Wait = z
  .preprocess(
    (typed) => (typed === false ? "0" : typed),
    z.string().regex(shape, "must be a duration such as 30s or 10m").transform(secondsOf),
  )
  .optional();

function secondsOf(text: string): number {
  const [, count, unit] = shape.exec(text) ?? [];
  const factor = unit === "ms" || unit === "m" || unit === "h" ? secondsPer[unit] : secondsPer.s;
  return Number(count) * factor;
}
