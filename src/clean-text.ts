/**
 * A text that a database and JSON can hold: lone surrogates and NUL characters become U+FFFD. Longer texts are cut to `most` UTF-16
 * units, never inside a character.
 */
export function cleanText(text: string, most = Infinity): string {
  const cut = text.length <= most ? text : text.slice(0, most).replace(/[\uD800-\uDBFF]$/, "");
  return cut.replace(/[\0\p{Surrogate}]/gu, "\uFFFD");
}
