/** A command line in bash, up to the cursor. */
export interface ShellLine {
  /** Its words without quotes; the last one is what is being typed, and may be empty. */
  readonly words: readonly string[];
  /** How much of the last word, in characters without quotes, bash keeps: it replaces only what comes after. */
  readonly kept: number;
  /** The quote that is still open. */
  readonly quote: "'" | '"' | "";
}

/** A word with its quotes, as it is read. */
interface Reading extends ShellLine {
  readonly escaped: boolean;
}

/**
 * Splits a line as bash does. bash itself also splits at the other characters of COMP_WORDBREAKS, such as `:` and `=`: for us
 * they are part of a word, of which bash then replaces only the end.
 */
export function readLine(line: string, wordBreaks: string): ShellLine {
  let read: Reading = { words: [""], kept: 0, quote: "", escaped: false };
  for (const char of line) read = step(read, char, wordBreaks);
  const { words, kept, quote } = read;
  return { words, kept, quote };
}

function step(read: Reading, char: string, wordBreaks: string): Reading {
  const { quote } = read;
  if (read.escaped) return afterBackslash(read, char);
  if (char === "\\" && quote !== "'") return { ...read, escaped: true };
  if (quote !== "") return char === quote ? { ...read, quote: "" } : appended(read, char);
  if (char === "'" || char === '"') return { ...read, quote: char, kept: lastOf(read).length };
  if (" \t\n".includes(char)) return wordEnded(read);
  const longer = appended(read, char);
  return wordBreaks.includes(char) ? { ...longer, kept: lastOf(longer).length } : longer;
}

/** Inside double quotes a backslash escapes only what is special there. */
function afterBackslash(read: Reading, char: string): Reading {
  const text = read.quote === '"' && !'"\\$`'.includes(char) ? `\\${char}` : char;
  return { ...appended(read, text), escaped: false };
}

function wordEnded(read: Reading): Reading {
  return lastOf(read) === "" ? read : { ...read, words: [...read.words, ""], kept: 0 };
}

function lastOf({ words }: Reading): string {
  return words.at(-1) ?? "";
}

function appended(read: Reading, text: string): Reading {
  return { ...read, words: [...read.words.slice(0, -1), lastOf(read) + text] };
}

/** A word as bash inserts it: what it keeps is left out, and what is special is escaped, by the quote that is open. */
export function inserted(word: string, { kept, quote }: ShellLine): string {
  const end = word.slice(kept);
  if (quote === "'") return end.replaceAll("'", `'\\''`);
  if (quote === '"') return end.replace(/["\\$`]/g, "\\$&");
  return end.replace(/[^\p{L}\p{N}_@%+=:,./^-]/gu, "\\$&");
}

/** A single word without its quotes, of which the last may still be open. */
export function unquoted(word: string): string {
  return readLine(word.replace(/^\s+/, ""), "").words.join(" ");
}
