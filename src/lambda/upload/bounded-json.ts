/** Limits for a JSON text that has not been parsed yet. */
export interface JsonBounds {
  /** Levels of lists and objects. */
  readonly depth: number;
  /** Values in lists and objects, over all levels. */
  readonly values: number;
}

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash, comma] = [code('"'), code("\\"), code(",")];
const openings: ReadonlySet<number> = new Set([code("{"), code("[")]);
const closings: ReadonlySet<number> = new Set([code("}"), code("]")]);

/**
 * True if a valid JSON text is within the limits; parsing it could otherwise take far more memory than its length. Reads each
 * character once.
 */
export function isBoundedJson(text: string, { depth, values }: JsonBounds): boolean {
  let level = 0;
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === quote) at = endOfString(text, at);
    else if (openings.has(character)) {
      level += 1;
      count += 1;
    } else if (closings.has(character)) level -= 1;
    else if (character === comma) count += 1;
    if (level > depth || count > values) return false;
  }
  return true;
}

/** The end of the string that begins at a quotation mark: the closing one, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
