/** The content of the last answer to one question: the same text is not read again, and its content stays the same value. */
export class LastContent<T> {
  #last: { readonly text: string; readonly content: T } | undefined;

  /** What `read` makes of a text; kept if it does not throw. */
  of(text: string, read: () => T): T {
    if (this.#last?.text === text) return this.#last.content;
    this.#last = undefined;
    const content = read();
    this.#last = { text, content };
    return content;
  }
}
