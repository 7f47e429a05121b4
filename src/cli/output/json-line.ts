/**
 * An object as one line of JSON. Characters that a terminal, a reader or the GitHub Actions runner could interpret are written as
 * escapes, which mean the same in JSON.
 */
export function jsonLine(object: object): string {
  return JSON.stringify(object).replace(obeyed, escapeUnit).replaceAll("##[", "#\\u0023[");
}

/** As UTF-16 units, which is how JSON escapes them; those below U+0020 are escaped by `stringify`. */
const obeyed =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g;

function escapeUnit(characters: string): string {
  return [...Array(characters.length).keys()]
    .map((at) => `\\u${characters.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}
