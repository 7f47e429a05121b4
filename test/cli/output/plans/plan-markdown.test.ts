import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { plansMarkdown } from "../../../../src/cli/output/plans/plan-markdown.ts";
import type { EnvironmentPlan, PlannedRow } from "../../../../src/cli/output/plans/plan-report.ts";

const row = (version: string, more: Partial<PlannedRow> = {}): PlannedRow => ({
  ...{ database: "default", version, name: `m${version}`, isNew: false, remarks: [] },
  file: `migrations/default/${version}_m${version}/up.sql`,
  ...more,
});
const answered = (environment: string, rows: readonly PlannedRow[]): EnvironmentPlan => ({
  ...{ environment, image: "image 4c6ea1a, 2 days old", isUploaded: false },
  ...{ rows, isCompared: true },
});
const unanswered = (environment: string) => ({
  ...{ environment, image: "", isUploaded: false, rows: undefined },
});
const markdown = (...plans: EnvironmentPlan[]): string =>
  plansMarkdown({ plans, comparesProject: true });

/** Lines outside of fenced blocks, as Markdown reads them. */
function outsideOfFences(text: string): string[] {
  let fence: string | undefined;
  return text.split("\n").filter((line) => {
    const [, ticks] = /^ {0,3}(`{3,})/.exec(line) ?? [];
    if (fence === undefined) {
      fence = ticks;
      return ticks === undefined;
    }
    if (ticks !== undefined && ticks.length >= fence.length && /^ *`+ *$/.test(line))
      fence = undefined;
    return false;
  });
}

describe("plans as Markdown", () => {
  test("count what is pending and what is new here, and name the image", () => {
    const text = markdown(
      answered("dev-1", [row("1"), row("2", { isNew: true })]),
      answered("prod", []),
    );
    assert.match(
      text,
      /^### hasura-migrate plan\n\n\| environment \| pending \| new here \| image \|$/m,
    );
    assert.match(text, /^\| dev-1 \| 1 \| 1 \| 4c6ea1a, 2 days old \|$/m);
    assert.match(text, /^\| prod \| 0 \| 0 \| 4c6ea1a, 2 days old \|$/m);
    assert.match(text, /^\| 2 \| m2 \| new here \|$/m);
  });

  test("of environments with the same plan are shown once, and one SQL text once in all", () => {
    const sql = "create table a ();";
    const text = markdown(
      answered("dev-1", [row("1", { sql })]),
      answered("dev-2", [row("1", { sql })]),
      answered("dev-3", [row("1", { sql }), row("2", { sql: "select 2;" })]),
    );
    assert.deepEqual(text.match(/^#### .*$/gm), ["#### dev-1, dev-2", "#### dev-3"]);
    assert.equal(text.split(sql).length - 1, 1);
    assert.match(
      text,
      /^<details><summary><code>1 m1 \(default\)<\/code><\/summary>\n\n```sql\ncreate table a \(\);\n```\n\n<\/details>$/m,
    );
  });

  test("show the SQL of what is new here first", () => {
    const text = markdown(
      answered("a", [row("1", { sql: "select 1;" }), row("2", { sql: "select 2;", isNew: true })]),
    );
    assert.ok(text.indexOf("select 2;") < text.indexOf("select 1;"));
  });

  test("show what statements do to tables, once for environments with the same effects", () => {
    const small = [{ line: 1, text: "rewrites orders: 12 rows, 16 kB" }];
    const large = [{ line: 1, text: "rewrites orders: 1.2 M rows, 340 MB; blocks | all" }];
    const text = markdown(
      answered("dev-1", [row("1", { impacts: small })]),
      answered("dev-2", [row("1", { impacts: small })]),
      answered("prod", [row("1", { impacts: large })]),
    );
    assert.deepEqual(text.match(/^#### .*$/gm), [
      "#### dev-1, dev-2, prod",
      "#### Statements to check",
    ]);
    assert.match(text, /^\| 1 m1 \| line 1: rewrites orders: 12 rows, 16 kB \| dev-1, dev-2 \|$/m);
    assert.match(text, /^\| 1 m1 \| line 1: .* 340 MB; blocks \\\| all \| prod \|$/m);
    assert.doesNotMatch(markdown(answered("dev-1", [row("1")])), /Statements/);
  });

  test("show a failure in place of a plan", () => {
    const text = markdown(
      { ...unanswered("dev-1"), failure: "No | answer" },
      answered("dev-2", []),
    );
    assert.match(text, /^\| dev-1 \| \? \| \? \| no plan: No \\\| answer \|$/m);
  });

  test("do not claim that nothing is new where the image could not be compared", () => {
    const text = markdown({ ...unanswered("a"), rows: [row("1")], isCompared: false });
    assert.match(text, /^\| a \| 1 \| \? \| {2}\|$/m);
    const alone = plansMarkdown({ plans: [answered("a", [row("1")])], comparesProject: false });
    assert.doesNotMatch(alone, /new here/i);
  });

  test("show remarks, and the database where there are several", () => {
    const text = markdown(
      answered("a", [
        row("1", { remarks: ["out-of-order", "no-transaction"] }),
        row("2", { database: "audit", remarks: [{ unreadable: "not UTF-8" }], isNew: true }),
      ]),
    );
    assert.match(text, /^\| 1 \| m1 \| default \| out of order, outside a transaction \|$/m);
    assert.match(text, /^\| 2 \| m2 \| audit \| new here, cannot be read: not UTF-8 \|$/m);
  });

  test("stay below the length of a comment, and name what is left out", () => {
    const rows = Array.from({ length: 400 }, (_, i) =>
      row(String(i + 1), {
        sql: `-- ${"x".repeat(3000)}\nselect ${String(i)};`,
        name: "n".repeat(1000),
      }),
    );
    const text = markdown(answered("a", rows), answered("b", rows.slice(1)));
    assert.ok(text.length <= 65_536, String(text.length));
    assert.match(text, /^… and 300 more migrations$/m);
    assert.match(text, /^_\d+ parts of this report omitted because of the length limit\._$/m);
    const long = markdown(answered("a", [row("1", { sql: "select 1;\n".repeat(1000) })]));
    assert.match(long, /^-- … 850 more lines\n```$/m);
    const environments = Array.from({ length: 200 }, (_, i) =>
      answered(`env-${String(i)}`, rows.slice(0, 20)),
    );
    assert.ok(markdown(...environments).length <= 65_536);
  });

  for (const hostile of [
    "</code></summary></details>\n\n# forged\n\n![x](http://evil)",
    "```\n# forged\n```",
    "~~~\n# forged",
    "`````\n</details>\n<script>",
    "a | b |\n| --- | --- |\n<img src=x>",
    "@org/team #12 @alice",
    "<!-- hasura-migrate -->",
    "a\rb\u202e\u001b[2J\u0000",
  ])
    test(`take no markup from ${JSON.stringify(hostile)}`, () => {
      const text = markdown(
        answered("a", [
          row("1", { name: hostile, sql: hostile, database: hostile, file: hostile }),
          row("2", { remarks: [{ unreadable: hostile }], database: "b" }),
        ]),
        { ...unanswered("b"), image: hostile, failure: hostile },
      );
      const own =
        /^(?:\||###+ |<details><summary><code>[^<>]*<\/code><\/summary>$|<\/details>$|_New here_|$)/;
      const lines = outsideOfFences(text);
      assert.deepEqual(
        lines.filter((line) => !own.test(line)),
        [],
      );
      const open = lines.filter((line) => line.startsWith("<details>")).length;
      assert.equal(lines.filter((line) => line === "</details>").length, open);
      const cells = lines.filter((line) => line.startsWith("|")).join("\n");
      assert.doesNotMatch(cells, /(?<!\\)[<>`~[\]!]|[@#](?!&#8203;)(?!8203)/);
      // eslint-disable-next-line no-control-regex -- control characters are what must not be there
      assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u202e]/);
    });
});
