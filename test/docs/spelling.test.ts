import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, test } from "vitest";
import { read, root } from "../tooling/support/repository.ts";

/** American spellings of words that are written the British way here. Names of AWS, Hasura and PostgreSQL are not listed. */
const american =
  /\b(?:(?:un)?(?:recogn|normal|organ|summar|author|minim|optim|initial|synchron|capital|util|emphas|priorit|general)iz(?:e[ds]?|ing)\b|behaviors?\b|canceled\b|canceling\b|favor|neighbor|honor(?:ed|s)?\b|fulfill\b|colors?\b|centers?\b|gray\b)/gi;

/** Words of AWS, for which readers search. */
const ofAws = /not authorized to perform|IAM Identity Center/g;

const americanIn = (prose: string): readonly string[] =>
  prose.replaceAll(ofAws, "").match(american) ?? [];

const withoutCode = (markdown: string): string =>
  markdown.replaceAll(/^ *```[^]*?^ *```/gm, "").replaceAll(/`[^`\n]*`|\]\([^)\n]*\)/g, "");

const files = (directory: string, ending: string): string[] =>
  readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending))
    .map((path) => `${directory}/${path}`);

/** The comments and the sentences in a source file: its string literals and templates that contain a space. */
function proseOf(path: string): string {
  const text = read(path);
  if (americanIn(text).length === 0) return "";
  const found: string[] = text.match(/\/\*[^]*?\*\/|(?<=^|\s)\/\/ .*$/gm) ?? [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isLiteralExpression(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node)
    )
      if (!ts.isRegularExpressionLiteral(node) && node.text.includes(" ")) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return withoutCode(found.join("\n"));
}

describe("spelling is British", () => {
  const pages = ["README", "ARCHITECTURE", "CHANGELOG", "CONTRIBUTING", "SECURITY"];
  test("in the documentation", () => {
    for (const path of [...pages.map((name) => `${name}.md`), ...files("docs", ".md")])
      assert.deepEqual(americanIn(withoutCode(read(path))), [], path);
  });

  test("in messages and comments", () => {
    for (const path of files("src", ".ts")) assert.deepEqual(americanIn(proseOf(path)), [], path);
  });
});
