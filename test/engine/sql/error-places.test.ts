import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { findErrorPosition } from "../../../src/engine/sql/error-position.ts";

interface Case {
  readonly name: string;
  readonly sql: string;
  readonly message: string;
  readonly sqlstate: string;
  /** `line:column` of the one place, or the lines of several. */
  readonly at: string | readonly number[] | undefined;
}

const cases: readonly Case[] = [
  {
    name: "a relation that does not exist",
    sql: "-- product\nSELECT 1;\nALTER TABLE product ADD x int;",
    message: 'relation "product" does not exist',
    sqlstate: "42P01",
    at: "3:13",
  },
  {
    name: "a qualified relation",
    sql: "SELECT 'x';\nDROP TABLE public.product;",
    message: 'relation "public.product" does not exist',
    sqlstate: "42P01",
    at: "2:19",
  },
  {
    name: "a type",
    sql: "CREATE TABLE a (\n  b numerc\n);",
    message: 'type "numerc" does not exist',
    sqlstate: "42704",
    at: "2:5",
  },
  {
    name: "a column, in upper case and in quotes",
    sql: 'SELECT "nope", NOPES FROM t;',
    message: 'column "nope" does not exist',
    sqlstate: "42703",
    at: "1:8",
  },
  {
    name: "a column that is written with its table",
    sql: "SELECT 1;\nSELECT t.NOPE FROM t;",
    message: "column t.nope does not exist",
    sqlstate: "42703",
    at: "2:10",
  },
  {
    name: "the column, not the relation",
    sql: "ALTER TABLE orders\n  DROP COLUMN note;",
    message: 'column "note" of relation "orders" does not exist',
    sqlstate: "42703",
    at: "2:15",
  },
  {
    name: "a function",
    sql: "SELECT now();\nSELECT uuid_generate_v4();",
    message: "function uuid_generate_v4() does not exist",
    sqlstate: "42883",
    at: "2:8",
  },
  {
    name: "a constraint that rows violate",
    sql: "SELECT 1;\nALTER TABLE a ADD CONSTRAINT positive CHECK (b > 0);",
    message: 'check constraint "positive" of relation "a" is violated by some row',
    sqlstate: "23514",
    at: "2:30",
  },
  {
    name: "a value",
    sql: "SELECT 1;\nINSERT INTO a VALUES ('it''s');",
    message: 'invalid input syntax for type integer: "it\'s"',
    sqlstate: "22P02",
    at: "2:23",
  },
  {
    name: "a name in the body of a function",
    sql: "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT a FROM product\n$$;",
    message: 'relation "product" does not exist',
    sqlstate: "42P01",
    at: "2:17",
  },
  {
    name: "several places are listed, none is guessed",
    sql: "SELECT 1 FROM product;\nSELECT 2;\nSELECT 3 FROM product, product;",
    message: 'relation "product" does not exist',
    sqlstate: "42P01",
    at: [1, 3],
  },
  {
    name: "what exists already is made by a statement that makes something",
    sql: "DROP VIEW IF EXISTS v;\nINSERT INTO a SELECT 1;\nCREATE TABLE a ();",
    message: 'relation "a" already exists',
    sqlstate: "42P07",
    at: "3:14",
  },
  {
    name: "a syntax error is not in a comment or in the middle of a string",
    sql: "-- SELCT\nSELECT ' SELCT ';\n/* SELCT */ SELCT;",
    message: 'syntax error at or near "SELCT"',
    sqlstate: "42601",
    at: "3:13",
  },
  {
    name: "a string that is itself the token",
    sql: "SELECT 1;\nALTER 'x';",
    message: "syntax error at or near \"'x'\"",
    sqlstate: "42601",
    at: "2:7",
  },
  {
    name: "the first command of psql stopped the parser",
    sql: "-- dump\n\\restrict abc\nSELECT 1;\n\\unrestrict abc\n",
    message: 'syntax error at or near "\\"',
    sqlstate: "42601",
    at: "2:1",
  },
  {
    name: "a name in an error that is not about the file's names",
    sql: "SELECT a;",
    message: 'could not extend file of relation "a"',
    sqlstate: "53100",
    at: undefined,
  },
  {
    name: "division by zero has no place",
    sql: "SELECT 1/0;",
    message: "division by zero",
    sqlstate: "22012",
    at: undefined,
  },
];

describe("the place of an error by its names", () => {
  for (const { name, sql, message, sqlstate, at } of cases)
    test(name, () => {
      const { place, places } = findErrorPosition(sql, { message, sqlstate });
      const found = place ? `${place.line}:${place.column}` : places?.map(({ line }) => line);
      assert.deepEqual(found, at);
    });

  test("a listed line is cut, and at most ten are listed", () => {
    const line = `SELECT a; -- ${"x".repeat(500)}\n`;
    const { places = [] } = findErrorPosition(line.repeat(30), {
      message: 'column "a" does not exist',
      sqlstate: "42703",
    });
    assert.equal(places.length, 10);
    assert.ok(places.every(({ text }) => text.length === 200));
  });

  test("a large file is not read to its end", () => {
    const { places = [] } = findErrorPosition("SELECT '1', 1;\n".repeat(2_000_000), {
      message: 'syntax error at or near "1"',
      sqlstate: "42601",
    });
    assert.equal(places.length, 10);
  });
});
