/** A fenced block of a page: ```sh, ```json name.json, … */
export interface CodeBlock {
  /** Of its first line, from 1. */
  readonly line: number;
  /** Empty if there is none. */
  readonly language: string;
  /** What stands after the language: a file's name. */
  readonly label: string;
  readonly text: string;
  readonly isSpan?: false;
}

/** The fenced blocks of a Markdown page, in their order; also those in lists, without their indentation. */
export function codeBlocksOf(markdown: string): CodeBlock[] {
  const fences = markdown.matchAll(/^( *)```([\w-]*) ?(.*)\n([^]*?)^\1```$/gm);
  return [...fences].map(
    ({ index, 1: indent = "", 2: language = "", 3: label = "", 4: text = "" }) => ({
      line: markdown.slice(0, index).split("\n").length,
      language,
      label: label.trim(),
      text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
}

export interface OtherCode {
  readonly line: number;
  readonly text: string;
  /** Between backticks in a sentence. */
  readonly isSpan: boolean;
}

/** What is code on a page without being a fenced block: indented lines, joined where a backslash ends them, and spans in text. */
export function otherCodeOf(markdown: string): OtherCode[] {
  const prose = markdown.replace(/^( *)```[^]*?^\1```$/gm, (block) => block.replace(/[^\n]/g, ""));
  const code = prose.matchAll(/^ {4}\S.*(?:\\\n.*)*$|`([^`\n]+)`/gm);
  return [...code].map(({ index, 0: whole, 1: span }) => ({
    line: prose.slice(0, index).split("\n").length,
    text: span ?? whole.trim(),
    isSpan: span !== undefined,
  }));
}
