/**
 * Translates positions in the UTF-8 form of a text, in which PostgreSQL counts, into indexes of JavaScript's string.
 * A lone surrogate counts three bytes, as TextEncoder writes it.
 */
export function byteIndex(text: string): (byte: number) => number {
  if (/^[\0-\x7f]*$/.test(text)) return (byte) => Math.min(byte, text.length);
  const starts = byteStarts(text);
  return (byte) => lastAtMost(starts, byte);
}

/** The byte at which each UTF-16 unit begins; the second half of a pair begins where the pair ends. */
function byteStarts(text: string): Uint32Array {
  const starts = new Uint32Array(text.length + 1);
  let byte = 0;
  for (let i = 0; i < text.length; i += 1) {
    starts[i] = byte;
    const point = text.codePointAt(i) ?? 0;
    byte += bytesOf(point);
    if (point > 0xffff) starts[(i += 1)] = byte;
  }
  starts[text.length] = byte;
  return starts;
}

function bytesOf(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x1_0000 ? 3 : 4;
}

/** The first index among those that begin at this byte or, inside a character, at the last one before. */
function lastAtMost(starts: Uint32Array, byte: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= byte) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The index of the character (code point) with this number, from 0. */
export function characterIndex(text: string, character: number): number {
  let index = 0;
  for (let n = 0; n < character && index < text.length; n += 1)
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return index;
}
