import { Chalk, type ChalkInstance } from "chalk";
import type { Environment, Sink } from "../../context.ts";

export type Style = ChalkInstance;

/** Colours for one stream. `--no-color` and NO_COLOR win over FORCE_COLOR, which wins over the kind of stream. */
export function colorsFor(sink: Pick<Sink, "isTTY">, env: Environment, color: boolean): Style {
  return new Chalk({ level: wantsColor(sink, env, color) ? 1 : 0 });
}

function wantsColor(sink: Pick<Sink, "isTTY">, env: Environment, color: boolean): boolean {
  if (!color || env["NO_COLOR"]) return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return sink.isTTY && env["TERM"] !== "dumb";
}
