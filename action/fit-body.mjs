/** GitHub refuses the body of a comment from 65,537 characters on; some room stays for what it counts differently. */
export const longestBody = 65_000;

/**
 * A body that GitHub accepts: `text`, cut after a part that is complete where it is too long, then `end`.
 * @param {string} text Markdown, whose fenced blocks and `<details>` begin and end on lines of their own
 * @param {string} end
 * @returns {string}
 */
export function fitBody(text, end) {
  const note = "_The rest is too long for a comment. It is in the log of the job._\n";
  if (text.length + end.length <= longestBody) return `${text}${end}`;
  return `${completePart(text, longestBody - end.length - note.length - 2)}\n\n${note}${end}`;
}

/**
 * The longest beginning that ends in front of an empty line, outside of fenced blocks and `<details>`.
 * @param {string} text
 * @param {number} most characters
 */
function completePart(text, most) {
  let at = 0;
  let complete = 0;
  let fence = "";
  let depth = 0;
  for (const line of text.split("\n")) {
    if (at > most) break;
    if (line === "" && fence === "" && depth === 0) complete = at;
    const ticks = /^`{3,}/.exec(line)?.[0] ?? "";
    if (fence === "") {
      fence = ticks;
      depth += Number(line.startsWith("<details>")) - Number(line === "</details>");
    } else if (ticks.length >= fence.length && line === ticks) fence = "";
    at += line.length + 1;
  }
  return text.slice(0, complete).trimEnd();
}
