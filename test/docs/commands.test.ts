import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "vitest";
import { Request } from "../../src/protocol/request.ts";
import { refusalOf } from "../support/printed-commands.ts";
import { codeBlocksOf, otherCodeOf } from "./support/code-blocks.ts";
import { commandsIn } from "./support/shell-commands.ts";

const root = dirname(dirname(import.meta.dirname));
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path.replaceAll("\\", "/")}`),
];
const onPages = <Code extends { readonly line: number }>(codeOf: (markdown: string) => Code[]) =>
  pages.flatMap((page) =>
    codeOf(readFileSync(join(root, page), "utf8")).map((code) => ({
      ...code,
      where: `${page}:${String(code.line)}`,
    })),
  );
const blocks = onPages(codeBlocksOf);
const shell = blocks.filter(({ language }) => ["sh", "bash", "console"].includes(language));

describe("the shell blocks of the documentation", () => {
  test("are valid in bash", () => {
    assert.ok(shell.length > 20);
    const problems = shell.flatMap(({ where, text }) => {
      const { status, stderr } = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
      return status === 0 ? [] : [`${where}: ${stderr}`];
    });
    assert.deepEqual(problems, []);
  });
});

describe("the commands in the documentation", () => {
  const code = [...blocks.filter(({ language }) => language !== "text"), ...onPages(otherCodeOf)];
  const commands = code
    .flatMap(({ where, text, isSpan = false }) =>
      commandsIn(text).map((words) => ({ where, words, isSpan })),
    )
    // The syntax of a command in docs/reference.md, and the mere name of one.
    .filter(({ words }) => !words.some((word) => /^[<[]/.test(word)))
    .filter(
      ({ words: [first], words, isSpan }) =>
        !isSpan || words.length > 2 || first?.startsWith("docker/"),
    )
    // An ellipsis stands for words that may follow.
    .map(({ where, words }) => ({ where, words: words.filter((word) => word !== "…") }));

  test("are found", () => {
    assert.ok(commands.filter(({ words: [first] }) => first === "hasura-migrate").length > 100);
    for (const program of ["hasura-migrate", "docker/deploy", "docker/check"])
      assert.ok(
        commands.some(({ words: [first = ""] }) => first.endsWith(program)),
        program,
      );
  });

  test("of hasura-migrate have a name, operands and options that it takes", () => {
    const refusals = commands
      .filter(({ words: [first = ""] }) => /^hasura-migrate(@.*)?$/.test(first))
      .flatMap(({ where, words }) => {
        const refusal = refusalOf(words.slice(1).map(filledIn));
        return refusal === undefined ? [] : [`${where}: ${words.join(" ")}: ${refusal}`];
      });
    assert.deepEqual(refusals, []);
  });

  test("of the scripts in docker/ exist, and so do their options", () => {
    const problems = commands.flatMap(({ where, words: [first = "", ...argv] }) => {
      const script = /(?:^|\/)(docker\/[\w-]+)$/.exec(first)?.[1];
      const isDirectory = statSync(join(root, script ?? ""), {
        throwIfNoEntry: false,
      })?.isDirectory();
      if (script === undefined || isDirectory) return [];
      if (!existsSync(join(root, script))) return [`${where}: there is no ${script}`];
      const source = readFileSync(join(root, script), "utf8");
      return argv
        .filter((word) => word.startsWith("--"))
        .filter((option) => !new RegExp(`${option}\\b`).test(source))
        .map((option) => `${where}: ${script} has no ${option}`);
    });
    assert.deepEqual(problems, []);
  });
});

/** Placeholders of the documentation, and what a reader could write for them. */
const placeholders: readonly (readonly [RegExp, string])[] = [
  [/^V(?:ERSION)?…?$/, "1700000000100"],
  [/^ID$/, "019a7e0c"],
];

function filledIn(word: string): string {
  return placeholders.reduce((text, [from, to]) => text.replace(from, to), word);
}

describe("the JSON blocks of the documentation", () => {
  const json = blocks.filter(({ language }) => language === "json");

  test("are valid JSON", () => {
    for (const { where, text } of json) assert.doesNotThrow(() => JSON.parse(text), where);
  });

  test("that are requests are valid ones", () => {
    const requests = json.filter(({ label }) => label.endsWith("-request.json"));
    assert.ok(requests.length > 0);
    for (const { where, text } of requests)
      assert.ok(Request.safeParse(JSON.parse(text)).success, where);
  });
});
