import { cleanText } from "../../clean-text.ts";

/**
 * A text on one line, without control, format (such as bidirectional overrides) and other invisible characters, with `most` UTF-16
 * units at most: one that is longer is cut, and ends with an ellipsis.
 */
export function oneLine(text: string, most: number): string {
  const spaced = text.replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  const visible = cleanText(spaced);
  return visible.length <= most ? visible : `${cleanText(visible, most - 1)}…`;
}
