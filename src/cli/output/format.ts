import { eastAsianWidth } from "get-east-asian-width";

/** `41 ms`, `1.2 s`, `1m 12s`, `1h 02m`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(seconds % 60).padStart(2, "0")}s`;
  return `${Math.floor(minutes / 60)}h ${String(minutes % 60).padStart(2, "0")}m`;
}

/** `12 s` for lines that other programs search: whole seconds, without spaces inside the number. */
export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : `${Math.round(ms / 1000)}s`;
}

/** `2 days old`, from an instant in ISO 8601; undefined when it is none. */
export function age(builtAt: string, now: number): string | undefined {
  const minutes = Math.floor((now - Date.parse(builtAt)) / 60_000);
  if (Number.isNaN(minutes)) return undefined;
  if (minutes < 1) return "just built";
  if (minutes < 120) return `${plural(minutes, "minute")} old`;
  if (minutes < 48 * 60) return `${plural(Math.floor(minutes / 60), "hour")} old`;
  return `${plural(Math.floor(minutes / 1440), "day")} old`;
}

/** `1 file`, `2 files`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** An account as people recognise it, without printing it whole. */
export function shortAccount(account: string): string {
  return `${account.slice(0, 4)}…${account.slice(-4)}`;
}

/** Time of day in UTC, as CI logs have it. */
export function clock(now: number): string {
  return new Date(now).toISOString().slice(11, 19);
}

/** At most `width` columns, with an ellipsis for what is missing. */
export function truncate(text: string, width: number): string {
  const plain = escapeControls(text);
  if (textWidth(plain) <= width) return plain;
  let kept = "";
  for (const character of plain) {
    if (textWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return width < 1 ? "" : `${kept}…`;
}

/** A line without control characters as lines of at most `width` columns, broken at spaces; a longer word stays whole. */
export function wrap(line: string, width: number): string[] {
  if (textWidth(line) <= width) return [line];
  const lines: string[] = [];
  let rest = "";
  for (const word of line.split(" ")) {
    const longer = rest === "" ? word : `${rest} ${word}`;
    if (rest !== "" && textWidth(longer) > width) {
      lines.push(rest);
      rest = word;
    } else rest = longer;
  }
  return [...lines, rest];
}

/** `text` filled with spaces to `width` columns; wide characters count twice. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Without control characters: a migration's name must not move somebody's cursor. */
export function escapeControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "�");
}

/** Several lines of foreign text, each without control characters. */
export function escapeControlsByLine(text: string): string[] {
  return text.replace(/\t/g, "  ").split(/\r?\n/).map(escapeControls);
}

const plainText = /^[\x20-\x7e]*$/;
/** Characters that take no column of their own: combining marks, joiners, variation selectors. */
const noColumn = /^(\p{M}|[\u200b-\u200d]|[\ufe00-\ufe0f])$/u;

/** How many columns a text takes in a terminal: two for a wide character. Not by Intl.Segmenter, whose data take 20 ms to load. */
export function textWidth(text: string): number {
  if (plainText.test(text)) return text.length;
  let columns = 0;
  for (const character of text)
    columns += noColumn.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
  return columns;
}
