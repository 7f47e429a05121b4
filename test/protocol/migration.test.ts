import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { compareVersions, migrationLabel, Version } from "../../src/protocol/migration.ts";

describe("versions", () => {
  const texts: [what: string, value: unknown, valid: boolean][] = [
    ["a time in milliseconds", "1700000000000", true],
    ["zero", "0", true],
    ["one digit", "7", true],
    ["the largest signed 64-bit number", "9223372036854775807", true],
    ["one more than that", "9223372036854775808", false],
    ["twenty digits", "10000000000000000000", false],
    ["leading zeros", "007", false],
    ["zero with a sign", "-0", false],
    ["a number below zero", "-1", false],
    ["a fraction", "1.5", false],
    ["letters behind digits", "1x", false],
    ["letters before digits", "x1", false],
    ["a line break behind digits", "1\n", false],
    ["nothing", "", false],
    ["digits of another script", "١٢", false],
    ["a JavaScript number", 1700000000000, false],
  ];
  for (const [what, value, valid] of texts) {
    test(`${what} is ${valid ? "" : "not "}a version`, () => {
      assert.equal(Version.safeParse(value).success, valid);
    });
  }

  const problems: [value: string, problem: RegExp][] = [
    ["abc", /^a version is a number such as/],
    ["9223372036854775808", /^a version is at most 9223372036854775807$/],
  ];
  for (const [value, problem] of problems) {
    test(`${value} is refused for one reason: ${problem.source}`, () => {
      const messages = Version.safeParse(value).error?.issues.map(({ message }) => message) ?? [];
      assert.equal(messages.length, 1);
      assert.match(messages[0] ?? "", problem);
    });
  }

  test("are ordered as numbers, even beyond the precision of a JavaScript number", () => {
    const ordered = [
      "0",
      "2",
      "9",
      "10",
      "99",
      "100",
      "9007199254740992",
      "9007199254740993",
      "9223372036854775806",
      "9223372036854775807",
    ];
    assert.deepEqual(ordered.toReversed().toSorted(compareVersions), ordered);
    for (const version of ordered) assert.equal(compareVersions(version, version), 0);
    assert(compareVersions("9", "10") < 0 && compareVersions("10", "9") > 0);
    assert(compareVersions("8", "9") < 0 && compareVersions("9", "8") > 0);
  });
});

describe("the label of a migration", () => {
  test("is its version and its name, or the version alone", () => {
    const named = { version: "17", name: "add_users" };
    assert.deepEqual(
      [
        migrationLabel(named),
        migrationLabel(named, " "),
        migrationLabel({ version: "17", name: "" }),
      ],
      ["17_add_users", "17 add_users", "17"],
    );
  });
});
