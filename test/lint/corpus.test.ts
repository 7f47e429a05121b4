import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { lint } from "../../src/lint/lint.ts";
import { allRules } from "../../src/lint/rules/all-rules.ts";
import { parseSql } from "../../src/sql-parser/parse-sql.ts";

/*
 * test/fixtures/lint has statements with the findings they must have. Each case begins with a comment:
 *
 *   -- case: RULE RULE     these findings and no others; `none` for none
 *   -- case: none (not RULE)   as before, and the case counts as one that the rule must leave alone
 *   -- down: RULE          the same for SQL in a down.sql
 *
 * known.sql is what earlier migrations of the project have created.
 */

const folder = new URL("../fixtures/lint/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");
const known = {
  database: "default",
  up: { path: "known.sql", text: read("known.sql") },
  isKnown: true,
};

interface Case {
  readonly title: string;
  readonly direction: "up" | "down";
  readonly expected: readonly string[];
  readonly not: readonly string[];
  readonly sql: string;
}

function casesOf(name: string): Case[] {
  const [, ...parts] = `\n${read(name)}`.split(/\n(?=-- (?:case|down): )/);
  return parts.map((part, i) => {
    const [, direction, words = ""] = /^-- (case|down): (.*)\n/.exec(part) ?? [];
    const [rules = "", not = ""] = words.split(/\(not |\)/);
    const list = (text: string) =>
      text.split(/[ ,]+/).filter((word) => word !== "" && word !== "none");
    return {
      title: `${name}, case ${String(i + 1)}: ${words}`,
      direction: direction === "down" ? "down" : "up",
      expected: list(rules),
      not: list(not),
      sql: part.slice(part.indexOf("\n") + 1),
    };
  });
}

const cases = readdirSync(folder)
  .filter((name) => name.endsWith(".sql") && name !== "known.sql")
  .flatMap(casesOf);

/** The rules that find something; one that is off is on where a case names it. */
async function found({ sql, direction, expected, not }: Case): Promise<string[]> {
  const named = [...expected, ...not];
  const file = { path: "x.sql", text: sql };
  const other = { path: "y.sql", text: "SELECT 1;" };
  const files = direction === "up" ? { up: file, down: other } : { up: other, down: file };
  const findings = await lint([known, { database: "default", ...files }], {
    severities: named.includes("several-tables-locked") ? { "several-tables-locked": "info" } : {},
  });
  return findings.map(({ rule }) => rule).sort();
}

/** Rules about the files of a migration, which have tests of their own. */
const aboutFiles = [
  ...["missing-down", "blank-down", "not-checked", "unreadable-file", "syntax-error"],
  // About the metadata.
  ...["used-by-metadata", "unreadable-metadata"],
];

describe("the labelled statements", () => {
  test("are at least 200", async () => {
    let count = 0;
    for (const { sql } of cases) {
      const parsed = await parseSql(sql);
      count += parsed.kind === "parsed" ? parsed.statements.length : 1;
    }
    assert.ok(count >= 200, String(count));
  });

  test.each(cases)("$title", async (each) => {
    assert.deepEqual(await found(each), [...each.expected].sort());
  });

  test.each(allRules.filter(({ id }) => !aboutFiles.includes(id)))(
    "$id has statements that it must find, and others that it must leave alone",
    ({ id }) => {
      const must = cases.filter(({ expected }) => expected.includes(id)).length;
      const mustNot = cases.filter(
        ({ not, expected }) => not.includes(id) && !expected.includes(id),
      ).length;
      assert.ok(must >= 2 && mustNot >= 2, `${String(must)} and ${String(mustNot)}`);
    },
  );
});
