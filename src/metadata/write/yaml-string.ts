import { plainScalar } from "../yaml/plain-scalar.ts";

/*
 * Strings as the Hasura CLI writes them in an export (docs/internals/hasura-metadata.md, "What an export writes"): without quotes where
 * every reader of YAML 1.1 and 1.2 reads a string, in double quotes where one would read something else.
 */

/** A string on one line, such as a key. */
export function yamlString(text: string): string {
  if (text === "" || needsEscapes(text) || text.includes("\n") || isOtherType(text))
    return doubleQuoted(text);
  if (text.startsWith("!include ")) return doubleQuoted(text);
  return isPlain(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

/** A block of several lines, with its header; undefined for a string that a block cannot contain or would change. */
export function yamlBlock(
  text: string,
): { readonly header: string; readonly lines: readonly string[] } | undefined {
  if (!text.includes("\n") || needsEscapes(text) || /^[\n ]| $| \n/.test(text)) return undefined;
  const trailing = /\n*$/.exec(text)?.[0].length ?? 0;
  const lines = text.split("\n");
  if (trailing === 0) return { header: "|-", lines };
  return { header: trailing === 1 ? "|" : "|+", lines: lines.slice(0, -1) };
}

function isPlain(text: string): boolean {
  if (/^[#,[\]{}&*!|>'"%@`]|^[?:-]( |$)|^(---|\.\.\.)/.test(text)) return false;
  return !/^ | $|:( |$)| #/.test(text);
}

/** Words that are not strings in YAML 1.1. */
const words: ReadonlySet<string> = new Set(
  ["y", "n", "t", "f", "yes", "no", "true", "false", "on", "off"].flatMap((word) => [
    word,
    `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`,
    word.toUpperCase(),
  ]),
);
const dateOrTime = /^[-+0-9:. \t]+([-:]|[tT])[-+0-9:. \t]+[zZ]?$/;
const decimal = /^[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?$/i;
const integer = /^[-+]?(0b[01]+|0o?[0-7]+|0x[\da-f]+|\d+)$/i;

/** True for what some reader takes for a number, a date, a boolean or null. */
function isOtherType(text: string): boolean {
  if (words.has(text) || text === "<<" || plainScalar(text) !== text) return true;
  const digits = text.replaceAll("_", "");
  return dateOrTime.test(text) || decimal.test(text) || integer.test(digits);
}

/** Anything but line feeds and the characters that YAML counts as printable up to U+FFFF. */
const unprintable = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

function needsEscapes(text: string): boolean {
  return unprintable.test(text);
}

const escapes: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', "\\": "\\\\", "\0": "\\0", "\x07": "\\a", "\b": "\\b", "\t": "\\t" },
  ...{ "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r", "\x1b": "\\e", "\x85": "\\N" },
};

function doubleQuoted(text: string): string {
  const characters = Array.from(text).map((character) => {
    const known = escapes[character];
    if (known !== undefined) return known;
    return needsEscapes(character) ? escaped(character.codePointAt(0) ?? 0) : character;
  });
  return `"${characters.join("")}"`;
}

function escaped(code: number): string {
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
