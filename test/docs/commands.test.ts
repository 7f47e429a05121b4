import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "vitest";
import { refusalOf } from "../support/printed-commands.ts";

const root = dirname(dirname(import.meta.dirname));
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Placeholders of the documentation, and what a reader could write for them. */
const placeholders: readonly (readonly [RegExp, string])[] = [
  [/\bV(?:ERSION)?\b…?/g, "1700000000100"],
  [/\bID\b/g, "019a7e0c"],
];

/** Commands in code: between backticks with at least one argument, or a line of a code block. */
function commandsIn(markdown: string): string[] {
  const spans = markdown.matchAll(/`(hasura-migrate [^`\n]* [^`\n]+)`/g);
  const lines = [...markdown.matchAll(/^```\w*\n([^]*?)^```|^ {4}(?=hasura-migrate )(.*)$/gm)]
    .flatMap(([, block, line]) => (block ?? line ?? "").split("\n"))
    .filter((line) => line.startsWith("hasura-migrate "));
  return [...[...spans].map(([, command = ""]) => command), ...lines];
}

/** Its words, without a comment, a redirection, or the program's name. */
function wordsOf(command: string): string[] {
  const filled = placeholders.reduce((text, [from, to]) => text.replace(from, to), command);
  const own = filled.replace(/ +#.*| \d?>.*| \|.*/s, "");
  return (own.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", "")).slice(1);
}

describe("commands in the documentation", () => {
  const found = pages.flatMap((page) =>
    commandsIn(readFileSync(join(root, page), "utf8")).map((command) => ({ page, command })),
  );

  test("the commands are found", () => {
    assert.ok(found.length > 100, String(found.length));
  });

  test("the program takes each of them", () => {
    const refused = found.flatMap(({ page, command }) => {
      // The syntax of a command in docs/reference.md, which is generated.
      if (/[<[]/.test(command)) return [];
      const reason = refusalOf(wordsOf(command));
      return reason === undefined ? [] : [`${page}: ${command}: ${reason}`];
    });
    assert.deepEqual(refused, []);
  });
});
