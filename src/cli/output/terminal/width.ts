import { eastAsianWidth } from "get-east-asian-width";
import { plain, asStyled, type Styled } from "./styled.ts";

/*
 * Why not string-width, cli-truncate and wrap-ansi: they load Intl.Segmenter, whose data costs every command about 20 ms at
 * start-up. The regular expression below finds the same clusters for the text that appears here.
 */

const ascii = /^[\x20-\x7e]*$/;
/** A flag, or one character with its combining marks, variation selectors, skin tones and joined emoji. */
const cluster =
  /[\u{1f1e6}-\u{1f1ff}]{2}|.(?:[\p{M}\u200b-\u200d\p{Emoji_Modifier}]|(?<=\u200d)\p{Extended_Pictographic})*/gsu;
const flag = /^[\u{1f1e6}-\u{1f1ff}]{2}$/u;
const zeroWidth = /^[\p{M}\u200b-\u200d]/u;

function clusterWidth(text: string): number {
  if (zeroWidth.test(text)) return 0;
  // Variation selector 16 asks for the wide, coloured form.
  if (flag.test(text) || text.includes("\ufe0f")) return 2;
  return eastAsianWidth(text.codePointAt(0) ?? 0);
}

/** How many terminal columns a text takes when its controls are shown: two for a wide character or an emoji, however composed. */
export function textWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let columns = 0;
  for (const [character] of plain(text).matchAll(cluster)) columns += clusterWidth(character);
  return columns;
}

/** The text in at most `width` columns, with an ellipsis in place of what is cut off. */
export function truncate(text: string, width: number): Styled {
  const line = plain(text);
  if (textWidth(line) <= width) return line;
  let kept = "";
  let columns = 0;
  for (const [character] of line.matchAll(cluster)) {
    columns += clusterWidth(character);
    if (columns > width - 1) break;
    kept += character;
  }
  return asStyled(width < 1 ? "" : `${kept}…`);
}

/** The same with an ellipsis in the middle, for names that differ only at their ends. */
export function truncateMiddle(text: string, width: number): Styled {
  const line = plain(text);
  if (textWidth(line) <= width) return line;
  let end = "";
  let columns = 0;
  for (const [character] of [...line.matchAll(cluster)].toReversed()) {
    columns += clusterWidth(character);
    if (columns > (width - 1) / 2) break;
    end = character + end;
  }
  return asStyled(truncate(line, width - textWidth(end)) + end);
}

/** Breaks a line at its spaces into lines of at most `width` columns; a longer word stays whole. */
export function wrap(text: string, width: number): Styled[] {
  const line = plain(text);
  if (textWidth(line) <= width) return [line];
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current !== "" && textWidth(longer) > width) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return [...lines, current].map(asStyled);
}

/** Fills the text with spaces to `width` columns. */
export function padEnd(text: string, width: number): Styled {
  return asStyled(plain(text) + spaces(width - textWidth(text)));
}

/** `count` spaces; none for a negative number. */
export function spaces(count: number): Styled {
  return asStyled(" ".repeat(Math.max(0, count)));
}
