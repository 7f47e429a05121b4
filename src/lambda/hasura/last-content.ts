/** The parsed content of the last answer: the same text is not parsed again, and gives the same value. */
export class LastContent<T> {
  #last: { readonly text: string; readonly content: T } | undefined;

  /** The result of `read` for a text; kept if it does not throw. */
  of(text: string, read: () => T): T {
    if (this.#last?.text === text) return this.#last.content;
    this.#last = undefined;
    const content = read();
    this.#last = { text, content };
    return content;
  }
}
