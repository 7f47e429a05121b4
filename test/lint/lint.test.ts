import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { LintMigration } from "../../src/lint/finding.ts";
import { lint, type LintOptions } from "../../src/lint/lint.ts";
import { allRules } from "../../src/lint/rules/all-rules.ts";
import { ruleIds } from "../../src/lint/rules/rule-ids.ts";
import { mostBytes } from "../../src/sql-parser/parse-sql.ts";

const known: LintMigration = {
  database: "default",
  up: {
    path: "migrations/default/1_start/up.sql",
    text: `CREATE TABLE orders (id bigint, customer_id bigint, amount int, number bigint, note varchar(10), channel text);
           CREATE TABLE customers (id bigint);
           CREATE INDEX orders_customer ON orders (customer_id);`,
  },
  isKnown: true,
};

const migration = (up: string, down = "SELECT 1;", database = "default"): LintMigration => ({
  database,
  up: { path: "2_change/up.sql", text: up },
  down: { path: "2_change/down.sql", text: down },
});
const rulesOf = async (migrations: readonly LintMigration[], options?: LintOptions) =>
  (await lint(migrations, options)).map(({ rule, file }) => `${rule} ${file}`);

describe("a rule", () => {
  const checked = allRules.filter(({ example }) => example.bad !== "");

  test.each(checked)("$id finds its bad example, and not its good one", async ({ id, example }) => {
    const severities = { [id]: "warning" } as const;
    const bad = await lint([known, migration(example.bad)], { severities });
    assert.ok(
      bad.some(({ rule }) => rule === id),
      JSON.stringify(bad),
    );
    const good = await lint([known, migration(example.good)], { severities });
    assert.deepEqual(
      good.filter(({ rule }) => rule === id),
      [],
    );
  });

  test("has its place in the list of ids, once", () => {
    assert.deepEqual(
      allRules.map(({ id }) => id),
      ruleIds,
    );
  });
});

describe("a finding", () => {
  test("has its position, its statement, the lock and the remedy", async () => {
    const sql =
      "SELECT '😀ü'; -- ü\n  ALTER TABLE orders ADD COLUMN a int,\n 😀 ADD COLUMN b serial;";
    const [finding] = await lint([known, migration(sql.replace(" 😀 ADD", "   ADD"))]);
    assert.deepEqual(finding, {
      rule: "column-rewrite",
      severity: "error",
      file: "2_change/up.sql",
      line: 3,
      column: 15,
      statement: "ALTER TABLE orders ADD COLUMN a int,\n   ADD COLUMN b serial",
      message:
        "Adding b rewrites orders and its indexes, and blocks reads and writes while it runs: serial numbers the existing rows.",
      safeWay:
        "Add a plain column without a default, fill it in batches, then set the default in a later migration; instead of a stored generated column, use a trigger.",
      table: "orders",
      lock: { table: "orders", mode: "ACCESS EXCLUSIVE", effect: "rewrite" },
    });
  });

  test("advises DETACH … CONCURRENTLY only where PostgreSQL accepts it", async () => {
    const table = "CREATE TABLE events (kind int) PARTITION BY LIST (kind);";
    const others = "CREATE TABLE others PARTITION OF events DEFAULT;";
    const detach = "ALTER TABLE events DETACH PARTITION events_1;";
    const adviceAfter = async (sql: string) => {
      const findings = await lint([{ ...migration(sql), isKnown: true }, migration(detach)]);
      return findings.map(({ safeWay }) => safeWay);
    };
    const [usual] = await adviceAfter(table);
    const [withDefault] = await adviceAfter(table + others);
    assert.match(usual ?? "", /Use DETACH PARTITION … CONCURRENTLY/);
    assert.match(withDefault ?? "", /^PostgreSQL refuses CONCURRENTLY/);
  });

  test("counts characters, not UTF-16 units", async () => {
    const [finding] = await lint([migration("SELECT '😀'; LOCK TABLE orders;")]);
    assert.deepEqual([finding?.line, finding?.column], [1, 13]);
  });

  test("in a file with CRLF has its line", async () => {
    const [finding] = await lint([migration("SELECT 1;\r\n\r\nLOCK TABLE orders;\r\n")]);
    assert.deepEqual([finding?.line, finding?.column], [3, 1]);
  });
});

describe("files", () => {
  test("a migration without down.sql, unless its up.sql allows it", async () => {
    const { down, ...without } = migration("CREATE TABLE n (a int);");
    assert.ok(down);
    assert.deepEqual(await rulesOf([without]), ["missing-down 2_change/up.sql"]);
    const allowed = "-- hasura-migrate: allow missing-down because the data is gone\nDROP TYPE x;";
    assert.deepEqual(await rulesOf([{ ...without, up: { path: "x", text: allowed } }]), []);
  });

  test("a down.sql of comments", async () => {
    const down =
      "-- Could not auto-generate a down migration.\n-- ALTER TABLE orders DROP COLUMN x;";
    assert.deepEqual(await rulesOf([migration("SELECT 1;", down)]), [
      "blank-down 2_change/down.sql",
    ]);
  });

  test("a syntax error has PostgreSQL's message and position", async () => {
    const [finding] = await lint([migration("CREATE TABLE n (\n  a int,\n  b intt eger\n);")]);
    assert.deepEqual(
      [finding?.rule, finding?.message, finding?.line, finding?.column],
      ["syntax-error", 'Syntax error at or near "eger".', 3, 10],
    );
  });

  test("a file that is too large is named", async () => {
    const sql = `INSERT INTO orders (note) VALUES ('${"x".repeat(mostBytes)}');`;
    assert.deepEqual(await rulesOf([migration(sql)]), ["not-checked 2_change/up.sql"]);
  });

  test("down.sql may drop what up.sql created", async () => {
    assert.deepEqual(await rulesOf([migration("CREATE TABLE n (a int);", "DROP TABLE n;")]), []);
  });

  test("what a down.sql does is not what the next migration finds", async () => {
    const files = [
      migration("CREATE TABLE n (a varchar(5));", "DROP TABLE n;"),
      migration("ALTER TABLE n ALTER COLUMN a TYPE text;"),
    ];
    assert.deepEqual(await rulesOf(files), []);
  });
});

describe("several migrations", () => {
  const create = migration("CREATE TABLE n (a int);");
  const index = migration("CREATE INDEX i ON n (a);");

  test("a table of an earlier migration exists", async () => {
    assert.deepEqual(await rulesOf([create, index]), ["index-blocks-writes 2_change/up.sql"]);
  });

  test("a table of the same run is new", async () => {
    assert.deepEqual(await rulesOf([create, index], { oneRun: true }), []);
  });

  test("a table of a known migration is not", async () => {
    assert.deepEqual(await rulesOf([{ ...create, isKnown: true }, index], { oneRun: true }), [
      "index-blocks-writes 2_change/up.sql",
    ]);
  });

  const states = "CREATE TYPE state AS ENUM ('open'); CREATE TABLE tasks (state state);";
  test.each([
    `CREATE TYPE new_state AS ENUM ('open');
     ALTER TABLE tasks ALTER COLUMN state TYPE new_state USING state::text::new_state;
     DROP TYPE state; ALTER TYPE new_state RENAME TO state;`,
    "ALTER TYPE state RENAME TO old; ALTER TYPE old RENAME TO state;",
    "ALTER TYPE state SET SCHEMA old; ALTER TYPE old.state RENAME TO was; ALTER TYPE old.was RENAME TO state;",
    `CREATE DOMAIN d AS state; ALTER TABLE tasks ALTER COLUMN state TYPE d; ALTER DOMAIN d RENAME TO e;
     ALTER TYPE state RENAME TO was; ALTER TYPE was RENAME TO state;`,
  ])("a column has its type after that was renamed: %s", async (text) => {
    const before = (sql: string) => ({ ...migration(sql), isKnown: true });
    const use = migration(
      "ALTER TYPE state ADD VALUE 'done'; UPDATE tasks SET state = 'done' WHERE state = 'open';",
    );
    const found = await rulesOf([before(states), before(text), use]);
    assert.deepEqual(found, ["enum-value-used 2_change/up.sql"]);
  });

  test("a new value is one of its type after that was renamed", async () => {
    const up = `ALTER TYPE state ADD VALUE 'done'; ALTER TYPE state RENAME TO task_state;
                UPDATE tasks SET state = 'done' WHERE state = 'open';`;
    const found = await rulesOf([{ ...migration(states), isKnown: true }, migration(up)]);
    assert.deepEqual(found, ["enum-value-used 2_change/up.sql"]);
  });

  test("nothing is found in known migrations", async () => {
    assert.deepEqual(await rulesOf([{ ...migration("DROP TABLE x; BROKEN"), isKnown: true }]), []);
  });

  test("each database has its own tables", async () => {
    const here = migration("CREATE TABLE n (a varchar(5));");
    const there = migration("ALTER TABLE n ALTER COLUMN a TYPE varchar(9);", "SELECT 1;", "other");
    assert.deepEqual(await rulesOf([here, there]), ["type-may-rewrite 2_change/up.sql"]);
  });
});

describe("severities", () => {
  test("are those of the rules, or of the configuration", async () => {
    const drop = migration("DROP TABLE orders;");
    const severityOf = async (severity: "info" | "error") =>
      (await lint([drop], { severities: { "drop-data": severity } }))[0]?.severity;
    assert.equal((await lint([drop]))[0]?.severity, "warning");
    assert.equal(await severityOf("info"), "info");
    assert.equal(await severityOf("error"), "error");
  });

  for (const [where, sql] of [
    ["behind its semicolon", "DROP TABLE orders; -- ALLOW\nDROP TABLE items;"],
    [
      "behind its semicolon on a line of its own",
      "DROP TABLE orders\n; -- ALLOW\nDROP TABLE items;",
    ],
    ["before its semicolon", "DROP TABLE orders\n-- ALLOW\n; DROP TABLE items;"],
    ["on the line before it", "DROP TABLE items;\n-- ALLOW\nDROP TABLE orders;"],
    ["behind the second statement of a line", "DROP TABLE items; DROP TABLE orders -- ALLOW"],
  ] as const)
    test(`an allow directive ${where} applies to that statement alone`, async () => {
      const allowing = sql.replace("ALLOW", "hasura-migrate: allow drop-data because it is empty");
      const found = await lint([migration(allowing)]);
      assert.deepEqual(
        found.map(({ rule, message }) => [rule, /orders|items/.exec(message)?.[0]]),
        [["drop-data", "items"]],
      );
    });

  test("a rule that is off finds nothing, and an allow directive for it is not unneeded", async () => {
    const sql = "-- hasura-migrate: allow drop-data because it is empty\nDROP TABLE orders;";
    assert.deepEqual(await rulesOf([migration(sql)], { severities: { "drop-data": "off" } }), []);
  });
});

test("ten thousand statements in a file do not take quadratic time", async () => {
  const rows = Array.from(
    { length: 10_000 },
    (_, i) => `INSERT INTO orders (id) VALUES (${String(i)});`,
  );
  const began = performance.now();
  assert.deepEqual(await rulesOf([migration(rows.join("\n"))]), []);
  assert.ok(performance.now() - began < 10_000);
});
