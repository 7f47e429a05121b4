import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { commandTree } from "../../../src/cli/completion/command-tree.ts";
import { requestedWords } from "../../../src/cli/completion/requested-words.ts";

/** What is offered at the end of a command line; its last word is what is being typed. */
function at(...words: string[]) {
  const { fixed, ...rest } = requestedWords(words, commandTree);
  return { ...rest, fixed: fixed.map(({ word }) => word) };
}

describe("what can stand at the cursor", () => {
  test("the first word is a command, or an environment to apply to", () => {
    const { fixed, kinds } = at("");
    assert.ok(fixed.includes("status") && fixed.includes("completion"), fixed.join(" "));
    assert.deepEqual(kinds, ["environment"]);
  });

  test("behind a command only its operands are offered", () => {
    assert.deepEqual(at("status", ""), { ...at("status", ""), fixed: [], kinds: ["environment"] });
    assert.deepEqual(at("envs", "").kinds, []);
  });

  test("a command of two words is offered word by word", () => {
    assert.equal(
      at("")
        .fixed.filter((word) => word.startsWith("metadata"))
        .join(),
      "metadata",
    );
    assert.deepEqual(at("metadata", ""), {
      ...at("metadata", ""),
      fixed: ["diff", "export", "apply", "status", "reload", "restore"],
      kinds: [],
    });
    assert.deepEqual(at("metadata", "diff", "").kinds, ["environment"]);
    assert.ok(at("metadata", "diff", "--").fixed.includes("--full"));
  });

  test("after -- every word is an environment", () => {
    assert.deepEqual(at("--", "").fixed, []);
    assert.deepEqual(at("--", "").kinds, ["environment"]);
    assert.deepEqual(at("status", "--", "--che").fixed, []);
  });

  test("a command's options are offered with the global ones, and what was typed is not", () => {
    const { fixed } = at("status", "dev-1", "--check", "--");
    assert.ok(fixed.includes("--full") && fixed.includes("--json"), fixed.join(" "));
    assert.ok(!fixed.includes("--check") && !fixed.includes("--version"), fixed.join(" "));
    assert.ok(at("--").fixed.includes("--version"));
  });

  test("an option that excludes another is offered instead of it only", () => {
    assert.ok(at("--").fixed.includes("--to"));
    assert.ok(!at("--only", "1", "--").fixed.includes("--to"));
  });

  test("an option that repeats is offered again", () => {
    assert.ok(at("status", "--group", "dev", "--").fixed.includes("--group"));
  });

  test.each([
    [["--profile", ""], "profile"],
    [["status", "--region", ""], "region"],
    [["status", "--group", ""], "group"],
    [["--only", ""], "version"],
    [["--config", ""], "file"],
    [["new", "x", "--migrations", ""], "directory"],
    [["new", ""], "nothing"],
    [["new", "x", "--sql", ""], "nothing"],
  ] as const)("%j is completed by %s", (words, kind) => {
    assert.deepEqual(at(...words), { ...at(...words), fixed: [], kinds: [kind] });
  });

  test("a value behind = keeps the option in front of it", () => {
    const { prefix, typed, kinds } = at("status", "--profile=ac");
    assert.deepEqual([prefix, typed, kinds], ["--profile=", "ac", ["profile"]]);
    assert.deepEqual(at("--yes=p").kinds, ["environment"]);
  });

  test("an optional value can only follow =", () => {
    assert.deepEqual(at("--yes", "").kinds, ["environment"]);
    assert.ok(at("--yes", "").fixed.includes("status"));
  });

  test("an environment to confirm or to protect is one of those that were typed", () => {
    for (const words of [
      ["prod", "--yes="],
      ["redo", "prod", "17", "--yes="],
      ["init", "prod", "--protect", ""],
    ]) {
      assert.deepEqual(at(...words).fixed, ["prod"], words.join(" "));
      assert.deepEqual([...at(...words).without], []);
    }
    for (const words of [["--all"], ["dev", "--then", "prod"]])
      assert.deepEqual(at(...words, "--yes=").kinds, ["environment"]);
    assert.deepEqual(at("init", "--protect", "").kinds, ["environment"]);
  });

  test("help is completed, and by every command", () => {
    assert.ok(at("he").fixed.includes("help"));
    assert.ok(at("help", "").fixed.includes("status"));
    assert.deepEqual(at("help", "").kinds, []);
    assert.deepEqual(at("help", "status", "").fixed, []);
  });

  test("behind --then every word is an environment or a group until the next option", () => {
    for (const words of [
      ["dev-1", "--then", ""],
      ["dev-1", "--then", "staging", ""],
    ])
      assert.deepEqual(at(...words).kinds, ["environment-or-group"]);
    assert.deepEqual([...at("dev-1", "--then", "staging", "").without], ["dev-1", "staging"]);
    assert.deepEqual(at("dev-1", "--then", "staging", "--json", "").kinds, ["environment"]);
  });

  test("versions follow the first environment of the commands that take them", () => {
    assert.deepEqual(at("mark", "").kinds, ["environment"]);
    assert.deepEqual(at("mark", "dev-1", "").kinds, ["environment", "version"]);
    assert.deepEqual(at("redo", "17").kinds, ["environment", "version"]);
    assert.deepEqual(at("redo", "--all", "").kinds, ["version"]);
  });

  test("choices are offered as they are declared", () => {
    assert.deepEqual(at("completion", "").fixed, ["bash", "zsh", "fish", "powershell"]);
    assert.deepEqual(at("completion", "bash", "").fixed, []);
    assert.deepEqual(at("dev-1", "--runner", "").fixed, ["lambda", "ecs"]);
  });

  test("an unknown option and an unknown command leave the rest as it is", () => {
    assert.deepEqual(at("--unknown", "status", "").kinds, ["environment"]);
    assert.deepEqual(at("nonsense", "").kinds, ["environment"]);
  });
});
