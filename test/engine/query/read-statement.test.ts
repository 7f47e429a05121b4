import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { readStatement } from "../../../src/engine/query/read-statement.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { refusals } from "./support/refusals.ts";

async function refusalOf(sql: string): Promise<Failure> {
  try {
    await readStatement(sql);
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return thrown;
  }
  return assert.fail("it was accepted");
}

describe("statements that are refused by their parse tree", () => {
  for (const [name, sql, message = /./] of refusals)
    test(name, async () => {
      const failure = await refusalOf(sql);
      assert.match(failure.code, /^sql-(refused|syntax)$/);
      assert.match(failure.message, message);
    });

  test("are shown with the position", async () => {
    const failure = await refusalOf("SELECT 'é',\n  set_config('a.b', 'c', false)");
    assert.deepEqual(failure.sql?.place, {
      line: 2,
      column: 3,
      text: "  set_config('a.b', 'c', false)",
    });
    const second = await refusalOf("SELECT '😀';\n-- and\nDROP TABLE x");
    assert.deepEqual([second.sql?.place?.line, second.sql?.place?.column], [3, 1]);
    const syntax = await refusalOf("SELECT *\nFORM orders");
    assert.deepEqual([syntax.code, syntax.sql?.place?.line], ["sql-syntax", 2]);
  });

  test("are also refused if they are extremely nested or long", async () => {
    for (const sql of [
      `SELECT ${"(".repeat(40_000)}1${")".repeat(40_000)}`,
      `SELECT ${"1+".repeat(49_000)}1, nextval('x')`,
    ]) {
      const failure = await refusalOf(sql);
      assert.match(failure.code, /^sql-(refused|too-large|syntax)$/);
    }
  });

  test("a NUL character hides nothing", async () => {
    assert.equal((await refusalOf("SELECT 1 \0 ; DROP TABLE orders")).code, "sql-syntax");
  });
});

describe("the statement that is sent", () => {
  const texts: readonly (readonly [string, string])[] = [
    ["SELECT 1;", "SELECT 1"],
    ["/* a */ SELECT 1 ; -- b", "SELECT 1"],
    ["SELECT 1 -- b", "SELECT 1 -- b"],
    ["\uFEFFSELECT 'é'", "SELECT 'é'"],
  ];
  for (const [sql, text] of texts)
    test(`of ${JSON.stringify(sql)} is ${JSON.stringify(text)}`, async () => {
      assert.equal((await readStatement(sql)).text, text);
    });

  test("has the names that the database has to look up", async () => {
    const { kind, parts } = await readStatement("EXPLAIN SELECT app.f(a.b) OPERATOR(x.+) 1::y");
    assert.equal(kind, "explain");
    assert.deepEqual(
      parts.flatMap((part) => ("name" in part ? [[part.kind, part.name]] : [])),
      [
        ["operator", ["x", "+"]],
        ["function", ["app", "f"]],
        ["attribute", "b"],
        ["type", ["y"]],
      ],
    );
  });
});
