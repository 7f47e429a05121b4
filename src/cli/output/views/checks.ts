import type { CheckState } from "../../../protocol/events.ts";
import type { Failure } from "../../../protocol/failure.ts";
import { duration } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { padEnd, spaces, textWidth, wrap } from "../terminal/width.ts";
import { failureLines } from "./failure.ts";

/** One check of `doctor`. */
export interface ShownCheck {
  readonly name: string;
  readonly state: CheckState;
  readonly message: string;
  readonly tookMs: number;
  readonly failure?: Failure;
}

/** Names are padded to this width, so that messages are aligned. */
const nameWidth = 13;

/** A check on one line, or a few: what was found, how long it took, and what to do where it failed. */
export function checkLines(
  check: ShownCheck,
  {
    style,
    columns,
    debug,
  }: { readonly style: Style; readonly columns: number; readonly debug: boolean },
): Styled[] {
  const { name, state, message, tookMs, failure } = check;
  const took = state === "skipped" || tookMs < 1 ? "" : duration(tookMs);
  const head = padEnd(name, nameWidth);
  const left = 2 + Math.max(nameWidth, textWidth(name)) + 2;
  if (failure) {
    const card = failureLines(failure, { style, columns: columns - 2, debug });
    return [
      styled`${signOf(state, style)} ${style.bold(name)}  ${style.dim(took)}`,
      ...card.map((line) => styled`  ${line}`),
    ];
  }
  const [first = plain(""), ...more] = wrap(message, Math.max(20, columns - left - 10));
  return [
    styled`${signOf(state, style)} ${head}  ${first}${took === "" ? plain("") : styled`  ${style.dim(took)}`}`,
    ...more.map((line) => styled`${spaces(left)}${line}`),
  ];
}

function signOf(state: CheckState, style: Style): Styled {
  switch (state) {
    case "ok":
      return style.green("✓");
    case "warning":
      return style.yellow("!");
    case "failed":
      return style.red("✗");
    case "skipped":
      return style.dim("·");
  }
}
