import type { Hint } from "../../../protocol/hint.ts";
import { hintParts } from "../hints.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { textWidth, wrap } from "../terminal/width.ts";

/** A hint on one line if it fits; otherwise its command gets its own line, which is never broken, so that it can be pasted. */
export function hintLines(hint: Hint, columns: number): Styled[] {
  const { reason, command, text } = hintParts(hint);
  const room = columns - 4;
  const words = text ?? (reason === undefined ? "" : `${reason}:`);
  const whole = plain([words, command ?? ""].filter((part) => part !== "").join(" "));
  const lines =
    command === undefined || textWidth(whole) <= room
      ? wrap(whole, room)
      : [...(words === "" ? [] : wrap(words, room)), plain(command)];
  return lines.map((line, i) => styled`  ${plain(i === 0 ? "→" : " ")} ${line}`);
}
