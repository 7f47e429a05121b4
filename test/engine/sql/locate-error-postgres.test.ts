import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { DatabaseError } from "pg";
import { locateError } from "../../../src/engine/sql/locate-error.ts";
import { freshDatabase, query } from "../../support/postgres.ts";

const before = `
  CREATE TABLE a (id int PRIMARY KEY, b int);
  CREATE TABLE "Order" (id int PRIMARY KEY, a int REFERENCES a);
  CREATE VIEW v AS TABLE a;
  CREATE FUNCTION nightly() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM 1 FROM gone; END';
  INSERT INTO a VALUES (1, 1);
  INSERT INTO "Order" VALUES (1, 1);
`;

/** Files of several statements that fail; `line:column` of the name, or of the statement. */
const files: readonly (readonly [name: string, sql: string, at: string | readonly number[]])[] = [
  ["a syntax error", "SELECT 1;\nSELECT (1;\nSELECT 2;", "2:10"],
  ["a text that is not closed", "SELECT 1;\nSELECT 'abc\n;", "2:8"],
  ["the end of the file", "SELECT 1;\nSELECT (", "2:9"],
  ["a relation", "TABLE a;\nTABLE gone;\nTABLE a;", "2:7"],
  ["a qualified relation", "TABLE a;\nALTER TABLE public.gone ADD c int;", "2:20"],
  ["a relation in quotes", 'TABLE "Order";\nTABLE "order";', "2:7"],
  ["a table that is dropped", "TABLE a;\nDROP TABLE gone;", "2:12"],
  ["a trigger's table", "SELECT 1;\nDROP TRIGGER gone ON a;", "2:14"],
  ["a column", "SELECT b FROM a;\nSELECT c FROM a;", "2:8"],
  ["a column with its table", "SELECT 1 AS c;\nSELECT a.c FROM a;", "2:10"],
  ["a column to drop", "SELECT 1 AS c;\nALTER TABLE a DROP c;", "2:20"],
  ["a column that exists", "SELECT b FROM a;\nALTER TABLE a ADD b int;", "2:19"],
  ["a column of an index", "SELECT 1 AS c;\nCREATE INDEX ON a (c);", "2:20"],
  ["a column of an insert", "SELECT 1 AS c;\nINSERT INTO a (id, c) VALUES (2, 2);", "2:20"],
  ["a type", "CREATE TABLE c (id int);\nCREATE TABLE d (id int, g geometri);", "2:27"],
  ["a function", "SELECT 1;\nSELECT gone(1);", "2:8"],
  ["a function in a schema", "SELECT 1;\nSELECT public.gone(1);", "2:15"],
  ["a schema", "CREATE TABLE c ();\nCREATE TABLE gone.d ();", "2:14"],
  ["a role", "SELECT 1;\nGRANT SELECT ON a TO gone;", "2:22"],
  ["an extension", "SELECT 1;\nCREATE EXTENSION gone;", "2:18"],
  [
    "a relation that exists",
    "DROP TABLE IF EXISTS b;\nCREATE INDEX i ON a (b);\nCREATE VIEW a AS SELECT 1;",
    "3:13",
  ],
  ["a type that exists", "CREATE TYPE c AS ENUM ('a');\nCREATE TYPE a AS ENUM ('c');", "2:13"],
  [
    "a constraint that rows violate",
    "TABLE a;\nALTER TABLE a ADD CONSTRAINT c CHECK (b > 1);",
    "2:30",
  ],
  [
    "a column that an insert leaves out",
    "ALTER TABLE a ALTER b SET NOT NULL;\nINSERT INTO a (id) VALUES (9);",
    [1, 2],
  ],
  ["rows that a foreign key needs", 'TABLE a;\nINSERT INTO "Order" VALUES (2, 2);', "2:13"],
  ["rows that others need", "SELECT 1;\nDELETE FROM a;", "2:13"],
  ["a table that others depend on", "SELECT 1;\nDROP TABLE a;", "2:12"],
  ["a string that is a name", "SELECT 1;\nSELECT 'gone'::regclass;", [2]],
  ["a function of the database", "CREATE INDEX ON a (b);\nSELECT nightly();", []],
  ["and of its name in the file", "DROP TABLE IF EXISTS gone;\nSELECT nightly();", [1]],
  ["the second of two", "CREATE TABLE c ();\nDROP TABLE c;\nTABLE c;", "3:7"],
  ["one of two", "ALTER TABLE a ADD c int;\nALTER TABLE a ADD c int;", [1, 2]],
];

describe("the place of a real PostgreSQL's error", () => {
  test("is that of the statement that failed", async (t) => {
    const url = await freshDatabase(t);
    await query(url, before);
    for (const [name, sql, at] of files) {
      const thrown: unknown = await query(url, `BEGIN;${sql}\n;ROLLBACK`).then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(thrown instanceof DatabaseError, `${name} does not fail`);
      const { message, code } = thrown;
      const { place, places = [] } = await locateError(sql, { message, sqlstate: code });
      const found = place ? `${place.line}:${place.column}` : places.map(({ line }) => line);
      assert.deepEqual(found, at, `${name}: ${message}`);
    }
  });
});
