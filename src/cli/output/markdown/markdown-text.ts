import { escapeControls, escapeText } from "../terminal/escape-controls.ts";

/** Breaks what GitHub makes of `@name` and `#12`: a notification for somebody, a link from another issue. */
const zeroWidthSpace = "&#8203;";

/** Text for a cell of a Markdown table: one line without markup of its own, and without mentions. */
export function markdownCell(text: string): string {
  return escapeControls(text.replace(/[ \t\r\n]+/g, " "))
    .replace(/[\\`*_[\]!|<>~&$]/g, "\\$&")
    .replace(/[@#]/g, `$&${zeroWidthSpace}`);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** One line of text inside an HTML element. */
export function htmlText(text: string): string {
  const line = escapeControls(text.replace(/[ \t\r\n]+/g, " "));
  return line.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** A block of code that no text in it can end. */
export function fencedCode(text: string, language: string): string {
  const code = escapeText(text.replace(/\r\n/g, "\n")).replace(/\n+$/, "");
  const longest = Math.max(0, ...[...code.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${code}\n${fence}`;
}

/** A Markdown table; every cell is escaped. */
export function markdownTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(heads.map(markdownCell)),
    line(heads.map(() => "---")),
    ...rows.map((cells) => line(cells.map(markdownCell))),
  ].join("\n");
}
