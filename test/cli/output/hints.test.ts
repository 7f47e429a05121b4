import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { sameCommand, wholeHints } from "../../../src/cli/output/hints.ts";

const typed: readonly [
  argv: readonly string[],
  wanted: Parameters<typeof sameCommand>[1],
  command: string,
][] = [
  [["prod"], { option: "--yes=prod" }, "hasura-migrate prod --yes=prod"],
  [["down", "prod", "-y"], { option: "--yes=prod" }, "hasura-migrate down prod --yes=prod"],
  [
    ["prod", "--yes=staging", "--quiet"],
    { option: "--yes=prod" },
    "hasura-migrate prod --quiet --yes=prod",
  ],
  [["prod", "--yes", "staging"], { option: "--yes=prod" }, "hasura-migrate prod --yes=prod"],
  [
    ["--database", "main", "dev-1"],
    { option: "--database audit" },
    "hasura-migrate dev-1 --database audit",
  ],
  [
    ["status", "local", "--profile", "x", "--json"],
    { without: ["--profile"] },
    "hasura-migrate status local --json",
  ],
  [["dev-1", "--config", "my file.json"], {}, "hasura-migrate dev-1 --config 'my file.json'"],
  [["apply", "dev", "--no-wait"], { option: "--wait 10m" }, "hasura-migrate apply dev --wait 10m"],
  [["apply", "--no-wait", "dev"], { option: "--wait 10m" }, "hasura-migrate apply dev --wait 10m"],
  [["dev", "--steps", "3"], { option: "--to 17" }, "hasura-migrate dev --to 17"],
  [["new", "it's"], {}, "hasura-migrate new 'it'\\''s'"],
  [
    ["local", "--database-url=postgres://me:hush@db/x"],
    { option: "--reset" },
    "hasura-migrate local '--database-url=postgres://me:***@db/x' --reset",
  ],
];

describe("hints", () => {
  for (const [argv, wanted, command] of typed) {
    test(`${argv.join(" ")} again: ${command}`, () =>
      assert.equal(sameCommand(argv, wanted), command));
  }

  test("going on drops nothing again", () => {
    const again = wholeHints(
      ["To go on, run again"],
      ["local", "--reset", "--migrations", "db"],
      "local",
    );
    assert.deepEqual(again, ["To go on, run again: hasura-migrate local --migrations db"]);
  });

  test("another command about local means the same database and the same files", () => {
    const hints = wholeHints(
      ["hasura-migrate status local"],
      ["redo", "local", "--database-url=postgres://db/x", "--migrations", "db"],
      "local",
    );
    assert.deepEqual(hints, [
      "hasura-migrate status local --database-url=postgres://db/x --migrations db",
    ]);
  });

  test("an option alone and `run again` become whole commands; other hints stay as they are", () => {
    const hints = [
      "--database audit",
      "--out-of-order",
      "mend the file, then run the same command again",
      "--yes is no hint",
      "hasura-migrate status <environment>",
    ];
    assert.deepEqual(wholeHints(hints, ["dev-1"], "dev-1"), [
      "hasura-migrate dev-1 --database audit",
      "hasura-migrate dev-1 --out-of-order",
      "mend the file, then run again: hasura-migrate dev-1",
      "--yes is no hint",
      "hasura-migrate status dev-1",
    ]);
  });
});
