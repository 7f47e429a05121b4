import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import { keysAt } from "../src/cli/config/schema.ts";
import { exitCode } from "../src/protocol/failure.ts";
import { settingDefinitions } from "../src/lambda/settings.ts";
import { main } from "../src/cli/main.ts";
import { testContext } from "./support/test-context.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The first cells of a table's rows, from the heading to the next one. */
function firstCells(text: string, heading: string): string[] {
  const section = text.slice(text.indexOf(heading) + heading.length);
  const end = section.search(/^## /m);
  return [...section.slice(0, end === -1 ? undefined : end).matchAll(/^\| (.+?) \|/gm)].flatMap(
    ([, cell]) =>
      cell === undefined || /^(-+|command|code|key|variable)$/.test(cell) ? [] : [cell],
  );
}

describe("README", () => {
  test("the README opens with the two commands", () => {
    const commands = [...read("README.md").matchAll(/^ {4}(\S.*)$/gm)].map(
      ([, line]) => line ?? "",
    );
    assert.match(commands[0] ?? "", /^npm start\b/);
    assert.match(commands[1] ?? "", /^npm test\b/);
  });

  test("the README lists exactly the commands that --help lists", async (t) => {
    const context = testContext(t, { argv: ["--help"] });
    assert.equal(await main(context), 0);
    const help =
      /Commands:\n([^]*?)\n\n/
        .exec(context.out.text)?.[1]
        ?.split("\n")
        .filter((line) => /^ {2}\S/.test(line)) ?? [];
    const words = (lines: readonly string[]) =>
      lines.map((line) => /^[\s`]*([\w-]+)/.exec(line)?.[1]).toSorted();
    assert.deepEqual(words(firstCells(read("README.md"), "## Commands")), words(help));
  });

  test("the README explains every exit code", () => {
    const codes = firstCells(read("README.md"), "## Exit codes").map(Number);
    assert.deepEqual(codes, [0, ...Object.values(exitCode)]);
  });

  test("docs/configuration.md has every key of an environment", () => {
    const documented = firstCells(read("docs/configuration.md"), "## The command line").map(
      (cell) => cell.replaceAll("`", ""),
    );
    assert.deepEqual(documented.toSorted(), [...keysAt(["defaults"])].toSorted());
  });

  test("docs/configuration.md has every setting of the function", () => {
    const known = settingDefinitions.map(({ name }) => name);
    const documented = firstCells(read("docs/configuration.md"), "## The function").map((cell) =>
      cell.replaceAll("`", ""),
    );
    assert.deepEqual(documented.toSorted(), known.toSorted());
  });

  test("no page names a file of the repository that is not there", () => {
    for (const page of [
      "README.md",
      "ARCHITECTURE.md",
      "docs/configuration.md",
      "docs/benchmarks.md",
      "docs/local.md",
      "docs/compatibility.md",
    ]) {
      for (const [, path = ""] of read(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
        assert.ok(existsSync(join(root, dirname(page), path)), `${page} links to ${path}`);
      }
    }
  });
});
