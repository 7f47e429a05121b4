import { stripVTControlCharacters } from "node:util";
import restoreCursor from "restore-cursor";
import type { Sink } from "../../context.ts";
import { asStyled, type Styled } from "./styled.ts";
import { textWidth } from "./width.ts";

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

/** Lines at the end of the terminal that are redrawn repeatedly. The cursor is hidden while they are shown. */
export interface LiveRegion {
  draw(lines: readonly Styled[]): void;
  /** Removes the lines, so that what is written next takes their place. */
  clear(): void;
}

/**
 * Draws on one stream. Lines must fit the terminal, in width and number, when they are drawn; if it becomes
 * narrower afterwards, they are still removed completely. (log-update 7, the last for Node 20, leaves remnants.)
 */
export function liveRegion(sink: Sink): LiveRegion {
  let shown: readonly Styled[] = [];
  const clear = (): void => {
    if (shown.length === 0) return;
    sink.writeStyled(asStyled(`${eraseLines(shown, sink.columns)}${showCursor}`));
    shown = [];
  };
  return {
    clear,
    draw: (lines) => {
      if (lines.length === 0) {
        clear();
        return;
      }
      if (lines.join("\n") === shown.join("\n")) return;
      // Shows the cursor again at exit, also after a crash or a signal.
      restoreCursor();
      const text = lines.map((line) => `${line}\n`).join("");
      sink.writeStyled(asStyled(`${hideCursor}${eraseLines(shown, sink.columns)}${text}`));
      shown = lines;
    },
  };
}

/**
 * Erases the lines above the cursor and moves it to their start. Row by row: if a screen is erased from its first row on, a
 * terminal may keep it in its scrollback.
 */
function eraseLines(lines: readonly string[], columns: number): string {
  const rows = lines.reduce((sum, line) => sum + rowsOf(line, columns), 0);
  return "\r\u001b[1A\u001b[2K".repeat(rows);
}

/** How many terminal rows a line takes: terminals rewrap their content when they become narrower. */
export function rowsOf(line: string, columns: number): number {
  const width = textWidth(stripVTControlCharacters(line));
  return Math.max(1, Math.ceil(width / columns));
}
