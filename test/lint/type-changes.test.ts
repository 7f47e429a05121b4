import assert from "node:assert/strict";
import pg from "pg";
import { test } from "vitest";
import { typeChangeOf } from "../../src/lint/alter-locks.ts";
import type { TypeChange } from "../../src/lint/column-types.ts";
import { emptySchema, type Schema } from "../../src/lint/schema.ts";
import { afterStatement } from "../../src/lint/after-statement.ts";
import { parseSql } from "../../src/sql-parser/parse-sql.ts";
import { freshDatabase } from "../support/postgres.ts";

/*
 * What src/lint expects of ALTER COLUMN … TYPE, against what PostgreSQL does, for every pair of types that it accepts: whether the table and an
 * index on the column have other files afterwards.
 */

const setup = `
  CREATE EXTENSION citext;
  CREATE DOMAIN plain AS text;
  CREATE DOMAIN plainer AS plain;
  CREATE DOMAIN short AS text CHECK (length(VALUE) < 10);
  CREATE DOMAIN label AS varchar(10);
  CREATE TYPE mood AS ENUM ('good', 'bad');
`;

const types = [
  ...["int2", "int4", "int8", "oid", "float4", "float8", "numeric", "numeric(8, 2)"],
  ...["numeric(10, 2)", "numeric(10, 3)", "money", "bool", "text", "varchar", "varchar(10)"],
  ...["varchar(20)", "char(10)", "name", "bytea", "bit(4)", "varbit", "varbit(4)", "varbit(8)"],
  ...["uuid", "json", "jsonb", "date", "time", "time(3)", "timetz", "timestamp", "timestamp(3)"],
  ...["timestamp(6)", "timestamptz", "timestamptz(3)", "timestamptz(6)", "interval"],
  ...["interval(3)", "interval(6)", "interval year", "inet", "cidr", "macaddr", "xml"],
  ...["tsvector", "citext", "plain", "plainer", "short", "label", "mood", "int4[]", "int8[]"],
  ...["text[]", "varchar[]", "varchar(10)[]", "varchar(20)[]", "plain[]", "numeric(8, 2)[]"],
  ...["numeric[]"],
];

async function nodesOf(sql: string) {
  const parsed = await parseSql(sql);
  assert.ok(parsed.kind === "parsed", sql);
  return parsed.statements.map(({ node }) => node);
}

async function expected(from: string, to: string, known: Schema): Promise<TypeChange> {
  const [create] = await nodesOf(`CREATE TABLE t (x ${from})`);
  const [alter] = await nodesOf(`ALTER TABLE t ALTER COLUMN x TYPE ${to}`);
  assert.ok(create && alter && "AlterTableStmt" in alter);
  const [command] = alter.AlterTableStmt.cmds ?? [];
  assert.ok(command && "AlterTableCmd" in command);
  return typeChangeOf(command.AlterTableCmd, "t", afterStatement(known, create));
}

const unindexed = new Set(["json", "xml"]);

/** What PostgreSQL does; undefined if it refuses. */
async function measured(
  client: pg.Client,
  from: string,
  to: string,
): Promise<"kept" | "reindexed" | "rewritten" | undefined> {
  const files = async () => {
    const { rows } = await client.query<{ name: string; file: number }>(
      "SELECT relname AS name, relfilenode AS file FROM pg_class WHERE relname IN ('t', 't_x')",
    );
    return new Map(rows.map(({ name, file }) => [name, file]));
  };
  const index = unindexed.has(from) ? "" : "CREATE INDEX t_x ON t (x)";
  await client.query(`BEGIN; CREATE TABLE t (x ${from}); ${index}`);
  try {
    const before = await files();
    await client.query(`ALTER TABLE t ALTER COLUMN x TYPE ${to}`);
    const after = await files();
    if (before.get("t") !== after.get("t")) return "rewritten";
    return before.get("t_x") === after.get("t_x") ? "kept" : "reindexed";
  } catch {
    return undefined;
  } finally {
    await client.query("ROLLBACK");
  }
}

/** All pairs in one time zone; in another one only those of times, the only ones for which it matters. */
const zones: readonly (readonly [zone: string, types: readonly string[]])[] = [
  ["UTC", types],
  ["Europe/Berlin", types.filter((type) => type.startsWith("time"))],
];

for (const [zone, among] of zones)
  test(`every change of type does what lint expects, in the time zone ${zone}`, async (t) => {
    const client = new pg.Client({ connectionString: await freshDatabase(t) });
    await client.connect();
    t.onTestFinished(() => client.end());
    await client.query(`${setup} SET timezone = '${zone}'`);
    const known = (await nodesOf(setup)).reduce(afterStatement, emptySchema);
    const wrong: unknown[] = [];
    for (const [from, to] of among.flatMap((from) => among.map((to) => [from, to] as const))) {
      const seen = await measured(client, from, to);
      if (seen === undefined) continue;
      const change = await expected(from, to, known);
      const inZone = zone === "UTC" ? "reindexed" : "rewritten";
      const said = change === "by-time-zone" ? inZone : change;
      if (seen === said || (said === "unknown" && mayBeUnknown(from, to))) continue;
      wrong.push({ from, to, seen, said });
    }
    assert.deepEqual(wrong, []);
  });

/** INTERVAL with fields is not covered. */
function mayBeUnknown(from: string, to: string): boolean {
  return [from, to].includes("interval year");
}
