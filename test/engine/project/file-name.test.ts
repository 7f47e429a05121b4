import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  looksLikeMigration,
  parseMigrationName,
  resembledDirection,
  resemblesMigration,
} from "../../../src/engine/project/file-name.ts";

const names: [composed: string, configVersion: number, parsed: unknown][] = [
  ["1_a.up.sql", 3, { version: "1", name: "a", direction: "up", extension: "sql" }],
  ["1_a.down.sql", 3, { version: "1", name: "a", direction: "down", extension: "sql" }],
  ["1_.up.sql", 3, { version: "1", name: "", direction: "up", extension: "sql" }],
  ["0012_a_b c.up.sql", 2, { version: "12", name: "a_b c", direction: "up", extension: "sql" }],
  ["1_a.b.up.sql", 3, { version: "1", name: "a.b", direction: "up", extension: "sql" }],
  ["1_up.down.up.sql", 3, { version: "1", name: "up.down", direction: "up", extension: "sql" }],
  [
    "1_a\rb\u2028c.up.sql",
    3,
    { version: "1", name: "a\rb\u2028c", direction: "up", extension: "sql" },
  ],
  ["1_a.up.yaml", 1, { version: "1", name: "a", direction: "up", extension: "yaml" }],
  ["12_abc.down.yaml", 1, { version: "12", name: "abc", direction: "down", extension: "yaml" }],
  ["x1_a.up.yaml", 1, "ignored"],
  ["1_a.up.yaml\nb", 1, "ignored"],
  ["1_a.up.", 1, { version: "1", name: "a", direction: "up", extension: "" }],
  ["1_a.up.yaml", 2, "ignored"],
  ["1_a.up.yaml", 3, "ignored"],
  ["1_a\nb.up.sql", 3, "ignored"],
  ["1_a.up.sql.bak", 3, "ignored"],
  ["1_a.up.sql\n", 3, "ignored"],
  ["1_a.UP.sql", 3, "ignored"],
  ["1_a.sideways.sql", 3, "ignored"],
  ["1_a.sql", 3, "ignored"],
  ["1_aup.sql", 3, "ignored"],
  ["1_a.upsql", 3, "ignored"],
  ["1a.up.sql", 3, "ignored"],
  ["_a.up.sql", 3, "ignored"],
  ["x1_a.up.sql", 3, "ignored"],
  ["-1_a.up.sql", 3, "ignored"],
  ["up.sql", 3, "ignored"],
  [
    "9223372036854775807_a.up.sql",
    3,
    { version: "9223372036854775807", name: "a", direction: "up", extension: "sql" },
  ],
  ["9223372036854775808_a.up.sql", 3, "version-too-large"],
  ["18446744073709551615_a.up.sql", 3, "version-too-large"],
  ["18446744073709551616_a.up.sql", 3, "ignored"],
];

describe("a migration's file name", () => {
  for (const [composed, configVersion, parsed] of names) {
    test(`${JSON.stringify(composed)} in config version ${configVersion} is ${typeof parsed === "string" ? parsed : "read"}`, () => {
      assert.deepEqual(parseMigrationName(composed, configVersion), parsed);
    });
  }

  const resembling: [entry: string, resembles: boolean][] = [
    ["1-add users", true],
    ["1700000000000", true],
    ["V1__add_users", true],
    ["v2", true],
    ["notes.sql", true],
    ["NOTES.SQL", true],
    ["users.sql.txt", true],
    ["up", true],
    ["Down.txt", true],
    ["docs-v2", false],
    ["a1", false],
    ["users.sqlite", false],
    ["users.sql.", false],
    ["users.sql~", false],
    ["README.md", false],
    ["update.md", false],
  ];
  for (const [entry, resembles] of resembling)
    test(`${entry} ${resembles ? "resembles" : "does not resemble"} a migration`, () =>
      assert.equal(resemblesMigration(entry), resembles));

  const directions: [file: string, direction: "up" | "down" | undefined][] = [
    ["up.sql", "up"],
    ["Up.SQL", "up"],
    ["up", "up"],
    ["1_a.up.sql.txt", "up"],
    ["down.sql", "down"],
    ["DOWN.txt", "down"],
    ["1_a.down", "down"],
    ["update.sql", undefined],
    ["backup.sql", undefined],
    ["download.sql", undefined],
    ["notes.md", undefined],
  ];
  for (const [file, direction] of directions)
    test(`${file} is probably meant as ${direction ?? "neither direction"}`, () =>
      assert.equal(resembledDirection(file), direction));

  const entries: [entry: string, answer: boolean][] = [
    ["1700000000000_a", true],
    ["1_", true],
    ["0_a.up.sql", true],
    ["default", false],
    ["1", false],
    ["_a", false],
    ["a1_b", false],
    ["squashed_1_to_2", false],
  ];
  for (const [entry, answer] of entries)
    test(`${entry} ${answer ? "looks" : "does not look"} like a migration`, () =>
      assert.equal(looksLikeMigration(entry), answer));
});
