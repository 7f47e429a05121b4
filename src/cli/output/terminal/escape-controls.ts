/**
 * Characters that a terminal or log interprets instead of showing, or that mislead a reader: C0 and C1 controls, line separators,
 * marks that change the direction of text, invisible characters, and halves of a surrogate pair.
 */
const obeyed =
  // eslint-disable-next-line no-control-regex -- the purpose is to replace control characters
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}\p{Surrogate}]/gu;

/** Shows each control or invisible character as a visible one (`␛`, `␍`, `<U+202E>`), so that it can be read and has no effect. */
export function escapeControls(text: string): string {
  return text.replace(obeyed, visible);
}

/** The same for text of several lines: line feeds and tabs stay. */
export function escapeText(text: string): string {
  return text.replace(obeyed, (character) =>
    character === "\n" || character === "\t" ? character : visible(character),
  );
}

/** Splits text into lines and escapes each; a tab becomes two spaces. */
export function escapeControlsByLine(text: string): string[] {
  return text.replace(/\t/g, "  ").split(/\r?\n/).map(escapeControls);
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // Unicode has a picture of each C0 control, in the same order, and of DEL.
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}
