/** Thrown for text that is not plain, to end the whole recursion at once. */
export class NotPlain extends Error {
  /** Where it is not plain. */
  readonly offset: number;

  constructor(offset: number) {
    super();
    this.offset = offset;
  }
}

/** Deeper blocks are left to the library, which has a limit of its own. */
const deepest = 200;
/** Control characters other than line breaks, and characters that some libraries read as line breaks. */
// eslint-disable-next-line no-control-regex -- The expression finds control characters.
const unusual = /[\0-\t\v\f\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]|\r(?!\n)/;
const documentStart = /^(?: *(?:#.*)?\r?\n)*--- *\r?\n/;
const [space, dash, numberSign, carriageReturn] = [32, 45, 35, 13];

/** The lines of a file that are neither blank nor comments, one after the other. Offsets are in UTF-16 units. */
export class PlainLines {
  readonly text: string;
  /** Where the content of the line begins; after the dash, once `takeDash` was called. */
  start = 0;
  /** Where the content ends, without trailing spaces. */
  end = 0;
  /** The column of the content, from 0; -1 after the last line. */
  indent = -1;
  #next: number;

  /** Begins with the first line. Throws NotPlain for unusual characters. */
  constructor(text: string) {
    const offset = text.search(unusual);
    if (offset !== -1) throw new NotPlain(offset);
    this.text = text;
    this.#next = documentStart.exec(text)?.[0].length ?? 0;
    this.advance();
  }

  advance(): void {
    this.indent = -1;
    while (this.#next < this.text.length && this.indent === -1) this.#readLine();
  }

  #readLine(): void {
    const { text } = this;
    const line = this.#next;
    const newline = text.indexOf("\n", line);
    let end = newline === -1 ? text.length : newline;
    this.#next = end + 1;
    const start = this.#contentOf(line, end);
    while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
    if (start >= end || text.charCodeAt(start) === numberSign) return;
    if (
      start - line > deepest ||
      (start === line && /^(---|\.\.\.|%)/.test(text.slice(start, start + 3)))
    )
      throw new NotPlain(start);
    this.start = start;
    this.end = end;
    this.indent = start - line;
  }

  #contentOf(line: number, end: number): number {
    let start = line;
    while (start < end && this.text.charCodeAt(start) === space) start += 1;
    return start;
  }

  /** Continues after the line of an offset. Returns the end of that line. */
  moveBehind(offset: number): number {
    const newline = this.text.indexOf("\n", offset);
    const end = newline === -1 ? this.text.length : newline;
    this.#next = end + 1;
    return this.text[end - 1] === "\r" ? end - 1 : end;
  }

  isItem(): boolean {
    const { text, start, end } = this;
    if (text.charCodeAt(start) !== dash) return false;
    return start + 1 === end || text.charCodeAt(start + 1) === space;
  }

  /** Makes the rest of an item's line a line of its own, with a deeper indentation. */
  takeDash(): void {
    const rest = this.#contentOf(this.start + 1, this.end);
    if (rest === this.end || this.text.charCodeAt(rest) === numberSign) throw new NotPlain(rest);
    this.indent += rest - this.start;
    this.start = rest;
    if (this.isItem()) throw new NotPlain(rest);
  }

  /** Skips the following lines that are blank or indented further than `indent`, and returns them. */
  takeDeeper(indent: number): string[] {
    const lines: string[] = [];
    while (this.#next < this.text.length) {
      const line = this.#next;
      const newline = this.text.indexOf("\n", line);
      const end = newline === -1 ? this.text.length : newline;
      const start = this.#contentOf(line, end);
      const hasContent = start < end && this.text.charCodeAt(start) !== carriageReturn;
      if (hasContent && start - line <= indent) break;
      if (newline === -1 && !hasContent) throw new NotPlain(line);
      lines.push(this.text.slice(line, end).replace(/\r$/, ""));
      this.#next = end + 1;
    }
    this.advance();
    return lines;
  }
}

const isBlank = (code: number): boolean => code === space || code === carriageReturn;
