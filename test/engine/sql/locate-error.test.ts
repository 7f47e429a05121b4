import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { locateError } from "../../../src/engine/sql/locate-error.ts";

interface Case {
  readonly name: string;
  readonly sql: string;
  readonly message: string;
  readonly sqlstate: string;
  /** `line:column` of the name, `line:column statement` of the statement, the lines of several candidates, or nothing. */
  readonly at: string | readonly number[] | undefined;
}

async function found({ sql, message, sqlstate }: Omit<Case, "name" | "at">): Promise<Case["at"]> {
  const { place, places, located } = await locateError(sql, { message, sqlstate });
  if (!place) return places?.map(({ line }) => line);
  return `${place.line}:${place.column}${located ? ` ${located}` : ""}`;
}

const missing = (name: string) => ({
  message: `relation "${name}" does not exist`,
  sqlstate: "42P01",
});
const exists = (name: string) => ({
  message: `relation "${name}" already exists`,
  sqlstate: "42P07",
});
const near = (token: string) => ({
  message: `syntax error at or near "${token}"`,
  sqlstate: "42601",
});

const syntaxErrors: readonly Case[] = [
  {
    name: "a token that stands in the file many times",
    sql: "SELECT (1);\nSELECT 1);\nSELECT (1);",
    ...near(")"),
    at: "2:9",
  },
  {
    name: "behind letters of several bytes and an emoji",
    sql: "SELECT 'Größe 🎉';\nSELECT 'ü🎉' FORM t, form;",
    ...near("t"),
    at: "2:18",
  },
  {
    name: "the end of a file, before its last comment",
    sql: "SELECT 1;\nSELECT (1\n  -- to be continued\n",
    ...near(";"),
    at: "2:10",
  },
  {
    name: "the end of a statement that was sent alone",
    sql: "SELECT (1\n;SELECT 2;",
    message: "syntax error at end of input",
    sqlstate: "42601",
    at: "2:1",
  },
  {
    name: "in another language than English",
    sql: "SELECT 1;\nSELECT 1 FORM t;",
    message: "Syntaxfehler bei »t«",
    sqlstate: "42601",
    at: "2:15",
  },
  {
    name: "a server that stops elsewhere knows another grammar: the search decides",
    sql: "SELECT 1;\nMERGE INTO a;\nSELECT 1 FORM t;",
    ...near("MERGE"),
    at: "2:1",
  },
  {
    name: "an error in a body, which this parser does not read: the search decides",
    sql: "DO $$ BEGIN\n  SELEC 1;\nEND $$;\nSELECT 1;",
    ...near("SELEC"),
    at: "2:3",
  },
];

const names: readonly Case[] = [
  {
    name: "the one statement that uses a relation, whatever comments and strings say",
    sql: "-- product\nSELECT 'product';\nALTER TABLE product ADD x int;\nCOMMENT ON TABLE a IS 'product';",
    ...missing("product"),
    at: "3:13",
  },
  {
    name: "the statement, if the name stands in it twice",
    sql: "SELECT 1;\n\n  SELECT * FROM product a JOIN product b ON true;",
    ...missing("product"),
    at: "3:3 statement",
  },
  {
    name: "the relation, not the qualifiers of its columns",
    sql: "SELECT 1;\nSELECT product.a, product.b FROM product;",
    ...missing("product"),
    at: "2:34",
  },
  {
    name: "all that can mean it, if several can",
    sql: "SELECT 1 FROM product;\nSELECT 2;\nSELECT 3 FROM product;",
    ...missing("product"),
    at: [1, 3],
  },
  {
    name: "in any spelling, with quotes",
    sql: 'SELECT 1 FROM "Product";\nSELECT 1 FROM PRODUCT;\nSELECT 1 FROM "PRODUCT";',
    ...missing("product"),
    at: "2:15",
  },
  {
    name: "a name with a quote and a dot in it",
    sql: 'SELECT 1 FROM a;\nSELECT 1 FROM "a ""b"".c";',
    ...missing('a "b".c'),
    at: "2:15",
  },
  {
    name: "letters beyond ASCII keep their case",
    sql: "SELECT 1 FROM größe;\nSELECT 1 FROM GRÖSSE;",
    ...missing("grÖsse"),
    at: "2:15",
  },
  {
    name: "the statement of a name in Unicode escapes",
    sql: 'SELECT 1;\nSELECT 1 FROM U&"d\\0061ta";',
    ...missing("data"),
    at: "2:1 statement",
  },
  {
    name: "a qualified name, not that in another schema, nor without one",
    sql: "TABLE product;\nTABLE shop.product;\nTABLE public.product;",
    ...missing("public.product"),
    at: "3:14",
  },
  {
    name: "an unqualified name, not a qualified one",
    sql: "TABLE shop.product;\nTABLE product;",
    ...missing("product"),
    at: "2:7",
  },
  {
    name: "a CTE hides a relation of its name",
    sql: "WITH product AS (SELECT 1) SELECT * FROM product;\nINSERT INTO product VALUES (1);",
    ...missing("product"),
    at: "2:13",
  },
  {
    name: "but not from its own query",
    sql: "SELECT 1;\nWITH product AS (SELECT * FROM product) SELECT 1 FROM a;",
    ...missing("product"),
    at: "2:32",
  },
  {
    name: "nor from the target of the statement",
    sql: "SELECT 1;\nWITH product AS (SELECT 1)\nINSERT INTO product SELECT * FROM product;",
    ...missing("product"),
    at: "3:13",
  },
  {
    name: "an alias is no name",
    sql: "SELECT product.a FROM item product;\nTABLE product;",
    ...missing("product"),
    at: "2:7",
  },
  {
    name: "what IF EXISTS allows to be missing",
    sql: "ALTER TABLE IF EXISTS product ADD a int;\nALTER TABLE product ADD a int;",
    ...missing("product"),
    at: "2:13",
  },
  {
    name: "but not what IF NOT EXISTS and OR REPLACE are not about",
    sql: "CREATE TABLE a ();\nCREATE INDEX IF NOT EXISTS i ON product (a);\nCOMMENT ON TABLE a IS 'product';",
    ...missing("product"),
    at: "2:33",
  },
  {
    name: "DROP names a table in other words",
    sql: "DROP TABLE product;\nDROP TRIGGER t ON product;",
    ...missing("product"),
    at: "2:19",
  },
  {
    name: "and is what such words mean",
    sql: "SELECT 1 FROM product;\nDROP TABLE a, shop.product;",
    message: 'table "product" does not exist',
    sqlstate: "42P01",
    at: "2:20",
  },
  {
    name: "a string that is looked up as a name may mean it as well",
    sql: "SELECT setval('product_id_seq', 1);\nSELECT last_value FROM product_id_seq;",
    ...missing("product_id_seq"),
    at: [1, 2],
  },
  {
    name: "so may the body of a function",
    sql: "DO $$ BEGIN PERFORM 1 FROM product; END $$;\nTABLE product;",
    ...missing("product"),
    at: [1, 2],
  },
  {
    name: "a body that is the only one",
    sql: "SELECT 1;\nDO $$ BEGIN\n  PERFORM 1 FROM product;\nEND $$;",
    ...missing("product"),
    at: "3:18",
  },
  {
    name: "a statement that only makes the name is listed, not named",
    sql: "CREATE TABLE product (a int);\nSELECT nightly();",
    ...missing("product"),
    at: [1],
  },
  {
    name: "what exists already is what a statement makes",
    sql: "DROP TABLE IF EXISTS a;\nCREATE INDEX i ON a (b);\nCREATE TABLE a (a int, b int);\nCREATE VIEW v AS TABLE a;",
    ...exists("a"),
    at: "3:14",
  },
  {
    name: "but not with IF NOT EXISTS",
    sql: "CREATE TABLE IF NOT EXISTS a ();\nCREATE INDEX a ON b (c);",
    ...exists("a"),
    at: "2:14",
  },
  {
    name: "a new name exists already",
    sql: "ALTER TABLE b RENAME TO a;\nCREATE VIEW v AS TABLE a;",
    ...exists("a"),
    at: "1:25",
  },
  {
    name: "a column of a table that exists already",
    sql: "ALTER TABLE a ADD note text;\nALTER TABLE b ADD note text;",
    message: 'column "note" of relation "b" already exists',
    sqlstate: "42701",
    at: "2:19",
  },
  {
    name: "a column with its table",
    sql: "SELECT a.nope, nope FROM a, b;\nSELECT b.NOPE FROM a, b;",
    message: "column b.nope does not exist",
    sqlstate: "42703",
    at: "2:10",
  },
  {
    name: "a column without",
    sql: "SELECT a.nope FROM a;\nSELECT 1 AS nope, nope FROM a;",
    message: 'column "nope" does not exist',
    sqlstate: "42703",
    at: "2:19",
  },
  {
    name: "a column that is assigned to",
    sql: "SELECT 1 AS nope;\nINSERT INTO a (b, nope) VALUES (1, 2);",
    message: 'column "nope" of relation "a" does not exist',
    sqlstate: "42703",
    at: "2:19",
  },
  {
    name: "a column of a key",
    sql: "CREATE TABLE b (nope int);\nCREATE TABLE a (id int, PRIMARY KEY (nope));",
    message: 'column "nope" named in key does not exist',
    sqlstate: "42703",
    at: "2:38",
  },
  {
    name: "a type, not a column of its name",
    sql: "SELECT citext FROM a;\nCREATE TABLE b (citext int, c citext);",
    message: 'type "citext" does not exist',
    sqlstate: "42704",
    at: "2:31",
  },
  {
    name: "a function",
    sql: "SELECT a.nope FROM a;\nSELECT public.nope(1);",
    message: "function public.nope(integer) does not exist",
    sqlstate: "42883",
    at: "2:15",
  },
  {
    name: "the function of a trigger",
    sql: "SELECT 1;\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION touch();",
    message: "function touch() does not exist",
    sqlstate: "42883",
    at: "2:67",
  },
  {
    name: "a schema",
    sql: "SELECT shop FROM a;\nCREATE TABLE shop.a ();",
    message: 'schema "shop" does not exist',
    sqlstate: "3F000",
    at: "2:14",
  },
  {
    name: "a role",
    sql: "GRANT SELECT ON a TO b;\nGRANT SELECT ON reader TO reader;",
    message: 'role "reader" does not exist',
    sqlstate: "42704",
    at: "2:27",
  },
  {
    name: "an extension",
    sql: "CREATE SCHEMA a;\nCREATE EXTENSION IF NOT EXISTS postgis SCHEMA a;",
    message: 'extension "postgis" is not available',
    sqlstate: "0A000",
    at: "2:32",
  },
  {
    name: "a constraint that rows violate",
    sql: "ALTER TABLE a DROP CONSTRAINT positive;\nALTER TABLE a ADD CONSTRAINT positive CHECK (b > 0);\nCOMMENT ON CONSTRAINT positive ON b IS 'x';",
    message: 'check constraint "positive" of relation "a" is violated by some row',
    sqlstate: "23514",
    at: [1, 2],
  },
  {
    name: "a change of rows that a constraint forbids, not a definition",
    sql: "ALTER TABLE b RENAME TO c;\nINSERT INTO a VALUES (1);\nCOMMENT ON TABLE a IS 'x';",
    message: 'insert or update on table "a" violates foreign key constraint "a_b_fkey"',
    sqlstate: "23503",
    at: "2:13",
  },
  {
    name: "a delete that may have come from another table",
    sql: "DELETE FROM a;\nDELETE FROM b;",
    message:
      'update or delete on table "a" violates foreign key constraint "b_a_fkey" on table "b"',
    sqlstate: "23503",
    at: [1, 2],
  },
  {
    name: "what others depend on is dropped or altered",
    sql: 'SELECT 1 FROM shop."Order";\nDROP TABLE shop."Order";',
    message: 'cannot drop table shop."Order" because other objects depend on it',
    sqlstate: "2BP01",
    at: "2:17",
  },
  {
    name: "what the user may not change",
    sql: "SELECT 1;\nALTER TABLE a ADD b int;",
    message: "must be owner of table a",
    sqlstate: "42501",
    at: "2:13",
  },
  {
    name: "an error that is not about names",
    sql: "SELECT a FROM a;",
    message: 'could not extend file of relation "a"',
    sqlstate: "53100",
    at: undefined,
  },
];

describe("the place of a syntax error", () => {
  for (const { name, at, ...given } of syntaxErrors)
    test(name, async () => assert.deepEqual(await found(given), at));
});

describe("the statement that an error is about", () => {
  for (const { name, at, ...given } of names)
    test(name, async () => assert.deepEqual(await found(given), at));
});

describe("the place of an error that the parser cannot find", () => {
  test("a file above 1 MB is searched", async () => {
    const sql = `TABLE product;\n${"SELECT 'x';\n".repeat(100_000)}DROP TABLE a;`;
    assert.equal(await found({ sql, ...missing("a") }), "100002:12");
  });

  test("a file that the parser does not know is searched", async () => {
    const sql = "ALTER TABLE product ADD x int;\nGO\nSELECT 1;";
    assert.equal(await found({ sql, ...missing("product") }), "1:13");
  });

  test("of a line of more than 1,000 characters only the position is kept", async () => {
    const sql = `SELECT 1;\nSELECT ${"1, ".repeat(500)} 1 FROM product;`;
    const { place } = await locateError(sql, missing("product"));
    assert.deepEqual(place, { line: 2, column: 1516, text: "" });
  });

  test("it is found in a text that is nested deeply", async () => {
    const sql = `SELECT ${"(".repeat(1500)}product.a${")".repeat(1500)} FROM product;`;
    assert.match(String(await found({ sql, ...missing("product") })), /^1:/);
  });
});
