import type { Place } from "../../../protocol/failure.ts";
import type { Style } from "../terminal/colors.ts";
import { escapeControls, escapeControlsByLine } from "../terminal/escape-controls.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { spaces, textWidth, wrap } from "../terminal/width.ts";

/** Longest excerpt where there is no terminal: a line of 100 kB would bury the rest of a log. */
const maxColumns = 160;

/** The line, a caret under the position, and the database's message beside the caret, or below it if it does not fit. */
export function codeFrameLines(
  place: Place,
  message: string,
  style: Style,
  columns: number,
): Styled[] {
  const number = plain(String(place.line));
  const gutter = styled`    ${spaces(number.length)} │ `;
  const room = Math.max(20, columns - gutter.length);
  const { text, caret } = aroundCaret(place, Math.min(room, maxColumns));
  const lines = escapeControlsByLine(message);
  const [first = "", ...rest] = lines;
  const beside = caret + 2 + textWidth(first) <= room;
  const below = (beside ? rest : lines).flatMap((line) => wrap(line, room));
  return [
    styled`    ${number} │ ${text}`,
    styled`${gutter}${spaces(caret)}${style.red(beside ? `^ ${first}` : "^")}`,
    ...below.map((line) => styled`${gutter}${beside ? line : style.red(line)}`),
  ];
}

/** At most `room` columns of the line around the position, `…` for what is left out, and the caret's column. */
function aroundCaret(place: Place, room: number): { text: Styled; caret: number } {
  // The position counts code points, as PostgreSQL does; the terminal's columns are computed from them.
  const characters = Array.from(escapeControls(place.text.replace(/\t/g, " ")));
  const widths = characters.map(textWidth);
  const at = Math.min(place.column - 1, characters.length);
  const whole = widths.reduce((sum, width) => sum + width, 0);
  const [from, to] = whole <= room ? [0, characters.length] : windowAround(at, widths, room - 2);
  const left = from > 0 ? "…" : "";
  return {
    text: plain(
      `${left}${characters.slice(from, to).join("")}${to < characters.length ? "…" : ""}`,
    ),
    caret: textWidth(left + characters.slice(from, at).join("")),
  };
}

/** Grows from `at` in both directions, one character at a time, until the room is used up. */
function windowAround(
  at: number,
  widths: readonly number[],
  room: number,
): readonly [number, number] {
  let [from, to, used] = [at, at, 0];
  for (;;) {
    const right = widths[to];
    const left = widths[from - 1];
    const before = used;
    if (right !== undefined && used + right <= room) {
      to += 1;
      used += right;
    }
    if (left !== undefined && used + left <= room) {
      from -= 1;
      used += left;
    }
    // Zero-width characters at the ends do not change `used`: only a window that cannot grow is full.
    if (used === before && !(right === 0 || left === 0)) return [from, to];
  }
}
