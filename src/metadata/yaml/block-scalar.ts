/**
 * The text of a block scalar: `|` keeps its line breaks, `>` joins its lines; `-` removes the line breaks at its end, `+` keeps all of them.
 * Undefined for any other header.
 */
export function blockScalar(header: string, lines: readonly string[]): string | undefined {
  const [, style, chomping] = /^([|>])([-+]?)$/.exec(header) ?? [];
  if (style === undefined) return undefined;
  const isBlank = (line: string): boolean => line.trim() === "";
  const first = lines.findIndex((line) => !isBlank(line));
  const last = lines.findLastIndex((line) => !isBlank(line));
  const indent = (lines[first] ?? "").search(/[^ ]/);
  const isOutside = (line: string): boolean => !isBlank(line) && line.search(/[^ ]/) < indent;
  const isDeeper = (line: string): boolean => line.length > indent;
  if (first === -1 || lines.some(isOutside) || lines.slice(0, first).some(isDeeper))
    return undefined;
  const content = lines.map((line) => line.slice(indent));
  const body = content.slice(first, last + 1);
  const text = "\n".repeat(first) + (style === "|" ? body.join("\n") : folded(body));
  if (chomping === "-") return text;
  const trailing = chomping === "+" ? content.slice(last + 1) : [];
  return [text, ...trailing, ""].join("\n");
}

/** Joins consecutive lines, unless one of them is indented further. Each blank line between them becomes a line break. */
function folded([first = "", ...lines]: readonly string[]): string {
  let text = first;
  let blank = 0;
  let wasDeeper = first.startsWith(" ");
  for (const line of lines) {
    if (line === "") {
      blank += 1;
      continue;
    }
    const isDeeper = line.startsWith(" ");
    text += isDeeper || wasDeeper ? "\n".repeat(blank + 1) : "\n".repeat(blank) || " ";
    text += line;
    blank = 0;
    wasDeeper = isDeeper;
  }
  return text;
}
