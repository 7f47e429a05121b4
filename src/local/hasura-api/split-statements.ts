/**
 * How the server cuts the text of a `no_transaction` request (its RunSQL.hs, 2026-05), with its flaws: comments are dropped
 * even inside a string or a dollar-quoted body, double quotes and E'' mean nothing to it
 * (docs/internals/hasura-protocol.md, "Statements outside a transaction").
 */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let current = "";
  let inString = false;
  let tag: string | undefined;
  for (let at = 0; at < text.length;) {
    const c = text.charAt(at);
    if (text.startsWith("--", at)) {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end + 1;
    } else if (text.startsWith("/*", at)) {
      // It looks for the end from the asterisk on, so `/*/` is a whole comment.
      const end = text.indexOf("*/", at + 1);
      at = end < 0 ? text.length : end + 2;
    } else if (c === "'" && tag === undefined) {
      const doubled = text.charAt(at + 1) === "'";
      current += doubled ? "''" : "'";
      if (!doubled) inString = !inString;
      at += doubled ? 2 : 1;
    } else if (c === "$" && tag !== undefined && text.startsWith(tag, at)) {
      current += `${tag}$`;
      at += tag.length + 1;
      tag = undefined;
    } else if (c === "$" && !inString) {
      const end = text.indexOf("$", at + 1);
      // Without a second dollar sign there is no tag. A tag found inside another body replaces it, as there.
      tag = end < 0 ? tag : text.slice(at, end);
      current += end < 0 ? "$" : text.slice(at, end + 1);
      at = end < 0 ? at + 1 : end + 1;
    } else if (c === ";" && !inString && tag === undefined) {
      statements.push(current);
      current = "";
      at += 1;
    } else {
      current += c;
      at += 1;
    }
  }
  return [...statements, current]
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
