import assert from "node:assert/strict";
import { test } from "vitest";
import { emptySchema, type Schema } from "../../src/lint/schema.ts";
import { afterStatement } from "../../src/lint/after-statement.ts";
import { parseSql } from "../../src/sql-parser/parse-sql.ts";

async function schemaAfter(sql: string): Promise<Schema> {
  const parsed = await parseSql(sql);
  assert.ok(parsed.kind === "parsed", sql);
  return parsed.statements.reduce((next, { node }) => afterStatement(next, node), emptySchema);
}

test("a schema that is dropped leaves nothing of its own, and nothing else goes", async () => {
  const inSchema = (schema: string) => `
    CREATE TABLE ${schema}.a (id int);
    CREATE INDEX a_id ON ${schema}.a (id);
    CREATE TYPE ${schema}.mood AS ENUM ('sad');
    CREATE DOMAIN ${schema}.label AS text;
    CREATE FUNCTION ${schema}.f() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION ${schema}.t() RETURNS trigger LANGUAGE plpgsql AS '';`;
  const kept = await schemaAfter(inSchema("kept"));
  const dropped = `${inSchema("kept")} ${inSchema("shop")} DROP SCHEMA shop CASCADE;`;
  assert.deepEqual(await schemaAfter(dropped), kept);
});
