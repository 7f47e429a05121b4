import xterm from "@xterm/headless";

/**
 * @typedef {object} Span text of one style, within a line
 * @property {number} column where it starts, from 0
 * @property {number} width in columns
 * @property {string} text
 * @property {string} colour as CSS has it
 * @property {boolean} bold
 * @property {boolean} dim
 * @property {boolean} italic
 * @property {boolean} underline
 */

/** The colours of the picture. It brings its own background, so that a page may be light or dark. */
const theme = {
  background: "#0d1117",
  bar: "#161b22",
  foreground: "#e6edf3",
  /** ANSI colours 0 to 15. */
  ansi: [
    "#484f58",
    "#ff7b72",
    "#3fb950",
    "#d29922",
    "#58a6ff",
    "#bc8cff",
    "#39c5cf",
    "#b1bac4",
  ].concat([
    "#6e7681",
    "#ffa198",
    "#56d364",
    "#e3b341",
    "#79c0ff",
    "#d2a8ff",
    "#56d4dd",
    "#f0f6fc",
  ]),
};

/** In pixels. A cell is 0.6 of the font's size wide, as most monospaced fonts have it. */
const [cell, lineHeight, fontSize, margin, bar] = [8.4, 20, 14, 18, 34];

/** A narrower picture would be drawn too large where its width is that of the page. */
const leastColumns = 72;

/**
 * What a terminal shows after it has received this output, line by line.
 * @param {string} output with its escape sequences
 * @param {{ columns: number }} size
 * @returns {Promise<Span[][]>}
 */
export async function screenOf(output, { columns }) {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows: 50,
    scrollback: 10_000,
    allowProposedApi: true,
  });
  await new Promise((resolve) => terminal.write(output, () => resolve(undefined)));
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, row) =>
    spansOf(active.getLine(row), columns),
  );
  terminal.dispose();
  while (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}

/** @returns {Span[]} */
function spansOf(/** @type {xterm.IBufferLine | undefined} */ line, /** @type {number} */ columns) {
  /** @type {Span[]} */
  const spans = [];
  const end = line?.translateToString(true).length === 0 ? 0 : columns;
  for (let column = 0; column < end; column++) {
    const here = line?.getCell(column);
    if (here === undefined || here.getWidth() === 0) continue;
    const text = here.isInvisible() ? " " : here.getChars() || " ";
    const style = {
      colour: colourOf(here),
      bold: here.isBold() !== 0,
      dim: here.isDim() !== 0,
      italic: here.isItalic() !== 0,
      underline: here.isUnderline() !== 0,
    };
    const last = spans.at(-1);
    if (last !== undefined && sameStyle(last, style)) {
      last.text += text;
      last.width += here.getWidth();
    } else spans.push({ column, width: here.getWidth(), text, ...style });
  }
  return spans.flatMap(trimmed);
}

/** @param {Span} span @param {Omit<Span, "column" | "width" | "text">} style */
function sameStyle(span, style) {
  return /** @type {const} */ (["colour", "bold", "dim", "italic", "underline"]).every(
    (key) => span[key] === style[key],
  );
}

/** Without the spaces around the text: a span is placed by its column. @returns {Span[]} */
function trimmed(/** @type {Span} */ span) {
  const text = span.text.trimEnd();
  const indent = text.length - text.trimStart().length;
  if (text === "") return [];
  const width = span.width - (span.text.length - text.length) - indent;
  return [{ ...span, column: span.column + indent, width, text: text.slice(indent) }];
}

/** @returns {string} */
function colourOf(/** @type {xterm.IBufferCell} */ here) {
  if (here.isFgDefault()) return theme.foreground;
  const colour = here.getFgColor();
  if (here.isFgRGB()) return `#${colour.toString(16).padStart(6, "0")}`;
  if (colour < 16) return theme.ansi[colour] ?? theme.foreground;
  // The 256-colour palette: a cube of 6 × 6 × 6, then 24 greys.
  if (colour >= 232)
    return `rgb(${Array(3)
      .fill(8 + (colour - 232) * 10)
      .join(",")})`;
  const level = (/** @type {number} */ part) => (part === 0 ? 0 : 55 + part * 40);
  const index = colour - 16;
  return `rgb(${[Math.floor(index / 36), Math.floor(index / 6) % 6, index % 6].map(level).join(",")})`;
}

/**
 * A picture of a terminal window that shows these lines.
 * @param {readonly Span[][]} lines
 * @param {{ title: string }} options the title is read by screen readers
 * @returns {string} an SVG document that needs no font but the reader's own
 */
export function svgOf(lines, { title }) {
  const columns = Math.max(...lines.flat().map((span) => span.column + span.width), leastColumns);
  const width = Math.ceil(columns * cell + 2 * margin);
  const height = bar + lines.length * lineHeight + 2 * margin - 8;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (colour, index) =>
      `<circle cx="${String(margin + 4 + index * 20)}" cy="${String(bar / 2)}" r="6" fill="${colour}"/>`,
  );
  const texts = lines.flatMap((spans, row) =>
    spans.map((span) => textOf(span, bar + margin + 6 + row * lineHeight)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="10" fill="${theme.background}"/>`,
    `<path d="M0 ${String(bar)}V10A10 10 0 0 1 10 0H${String(width - 10)}A10 10 0 0 1 ${String(width)} 10V${String(bar)}Z" fill="${theme.bar}"/>`,
    ...dots,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace" font-size="${String(fontSize)}" style="white-space: pre">`,
    ...texts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** @returns {string} */
function textOf(/** @type {Span} */ span, /** @type {number} */ y) {
  const attributes = {
    x: pixels(margin + span.column * cell),
    y: String(y),
    // Keeps the columns in line in a font whose letters are narrower or wider.
    textLength: pixels(span.width * cell),
    fill: span.colour,
    ...(span.bold && { "font-weight": "bold" }),
    ...(span.dim && { opacity: "0.65" }),
    ...(span.italic && { "font-style": "italic" }),
    ...(span.underline && { "text-decoration": "underline" }),
  };
  const named = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
  return `<text ${named.join(" ")} xml:space="preserve">${escaped(span.text)}</text>`;
}

/** @returns {string} */
function pixels(/** @type {number} */ value) {
  return String(Math.round(value * 10) / 10);
}

/** @returns {string} */
function escaped(/** @type {string} */ text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
