import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { inserted, readLine, unquoted } from "../../../src/cli/completion/shell-line.ts";

const breaks = " \t\n\"'><=;|&(:";

describe("a command line in bash", () => {
  test.each([
    ["hm ", ["hm", ""]],
    ["hm  status\tdev", ["hm", "status", "dev"]],
    ["hm --profile my\\ pro", ["hm", "--profile", "my pro"]],
    ['hm "my pro', ["hm", "my pro"]],
    ["hm 'it''s' x", ["hm", "its", "x"]],
    ['hm "a\\"b\\c" ', ["hm", 'a"b\\c', ""]],
    ["hm 'a\\b'", ["hm", "a\\b"]],
    ["hm --profile=my:pro", ["hm", "--profile=my:pro"]],
    ["hm dev-é", ["hm", "dev-é"]],
  ])("%j is split as bash does it", (line, words) => {
    assert.deepEqual(readLine(line, breaks).words, words);
  });

  test.each([
    ["hm --profile=ac", "--profile=acme dev", "acme\\ dev"],
    ["hm --profile my:pro", "my:prod", "prod"],
    ['hm --profile "my:pr', "my:prod", "my:prod"],
    ['hm --profile="ac', "--profile=acme dev", "acme dev"],
    ["hm --profile 'o", "o'hara", "o'\\''hara"],
    ["hm --profile o", "o'hara", "o\\'hara"],
    ['hm --profile "', 'a"b$c', 'a\\"b\\$c'],
    ["hm --profile ac\\", "acme dev", "acme\\ dev"],
  ])("%j: bash inserts only what it does not keep of %j", (line, word, text) => {
    assert.equal(inserted(word, readLine(line, breaks)), text);
  });

  test("where bash does not split at colons, the whole word is inserted", () => {
    assert.equal(inserted("my:prod", readLine("hm --profile my:pr", " \t\n")), "my:prod");
  });

  test("other shells pass a word with the quotes that were typed", () => {
    assert.equal(unquoted('"acme d'), "acme d");
    assert.equal(unquoted("acme\\ d"), "acme d");
    assert.equal(unquoted(""), "");
  });
});
