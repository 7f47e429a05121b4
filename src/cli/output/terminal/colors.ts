import { Chalk } from "chalk";
import type { Environment, Sink } from "../../context.ts";
import { plainWithTabs, asStyled, type Styled } from "./styled.ts";

type StyleName = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours and weights. Each escapes the text that it is given. */
export type Style = Readonly<Record<StyleName, (text: string) => Styled>>;

/** Colours for one stream. `--no-color` and NO_COLOR win over FORCE_COLOR, which wins over the kind of stream. */
export function colorsFor(sink: Pick<Sink, "isTTY">, env: Environment, color: boolean): Style {
  const chalk = new Chalk({ level: wantsColor(sink, env, color) ? 1 : 0 });
  const style =
    (name: StyleName) =>
    (text: string): Styled =>
      asStyled(chalk[name](plainWithTabs(text)));
  return {
    bold: style("bold"),
    dim: style("dim"),
    red: style("red"),
    green: style("green"),
    yellow: style("yellow"),
    cyan: style("cyan"),
  };
}

function wantsColor(sink: Pick<Sink, "isTTY">, env: Environment, color: boolean): boolean {
  if (!color || env["NO_COLOR"]) return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return sink.isTTY && env["TERM"] !== "dumb";
}
