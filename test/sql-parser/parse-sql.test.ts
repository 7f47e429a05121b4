import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { type ParsedSql, mostBytes, parseSql } from "../../src/sql-parser/parse-sql.ts";

const statementsOf = async (sql: string) => {
  const parsed = await parseSql(sql);
  assert.ok(parsed.kind === "parsed", JSON.stringify(parsed));
  return parsed.statements.map(({ node, start, end }) => ({
    kind: Object.keys(node).join(),
    text: sql.slice(start, end),
  }));
};
const errorOf = async (sql: string) => {
  const parsed = await parseSql(sql);
  assert.ok(parsed.kind === "syntax-error", JSON.stringify(parsed).slice(0, 200));
  return { message: parsed.message, at: sql.slice(parsed.offset) };
};
const kindOf = async (sql: string): Promise<ParsedSql["kind"]> => (await parseSql(sql)).kind;

describe("parsing SQL", () => {
  test("statements begin behind their comments and end before the semicolon", async () => {
    assert.deepEqual(
      await statementsOf(
        '-- Größe 😀\nCREATE TABLE "größe" (a int);\n\n/* 😀 */ DROP TABLE 😀 ;SELECT 1 \n',
      ),
      [
        { kind: "CreateStmt", text: 'CREATE TABLE "größe" (a int)' },
        { kind: "DropStmt", text: "DROP TABLE 😀" },
        { kind: "SelectStmt", text: "SELECT 1" },
      ],
    );
  });

  test.each(["", " \n", ";", "-- nothing\n;;", "/* nothing */"])(
    "%j has no statements",
    async (sql) => {
      assert.deepEqual(await statementsOf(sql), []);
    },
  );

  test("a byte order mark is ignored, and moves nothing", async () => {
    assert.deepEqual(await statementsOf("\uFEFFselect 1; select 'ü'"), [
      { kind: "SelectStmt", text: "select 1" },
      { kind: "SelectStmt", text: "select 'ü'" },
    ]);
  });

  test("locations in the tree become indexes of the text", async () => {
    const sql = "select '😀ü'; insert into größe values (1)";
    const parsed = await parseSql(sql);
    assert.ok(parsed.kind === "parsed");
    const node = parsed.statements[1]?.node;
    assert.ok(node !== undefined && "InsertStmt" in node);
    const at = parsed.indexOf(node.InsertStmt.relation?.location ?? 0);
    assert.equal(sql.slice(at), "größe values (1)");
  });

  test("control characters and quotes in literals survive", async () => {
    const parsed = await parseSql(String.raw`select E'\x01\t"\\', '` + "\u0001\t\u007f\u2028'");
    assert.ok(parsed.kind === "parsed");
    assert.ok(JSON.stringify(parsed.statements).includes(String.raw`\u0001\t\"\\`));
  });
});

describe("SQL that does not parse", () => {
  test.each([
    ["select '😀ü', x y z", 'syntax error at or near "z"', "z"],
    ["\uFEFFselect 😀 y z", 'syntax error at or near "z"', "z"],
    ["create table t (a int); select 'ü' from (", "syntax error at end of input", ""],
    ["select 1; \\connect shop", 'syntax error at or near "\\"', "\\connect shop"],
    ["select 1; select 'abc", 'unterminated quoted string at or near "\'abc"', "'abc"],
    ["select /* 1", 'unterminated /* comment at or near "/* 1"', "/* 1"],
  ])("%j: PostgreSQL's message and the place", async (sql, message, at) => {
    assert.deepEqual(await errorOf(sql), { message, at });
  });

  test("a NUL character, after which PostgreSQL would not read", async () => {
    assert.equal((await errorOf("select 1\0; drop table t")).at, "\0; drop table t");
  });

  test("a lone surrogate is replaced, and nothing breaks", async () => {
    assert.equal((await errorOf("\ud800 select 1")).at, "\ud800 select 1");
    assert.deepEqual(await statementsOf("select '\ud800'; select 2"), [
      { kind: "SelectStmt", text: "select '\ud800'" },
      { kind: "SelectStmt", text: "select 2" },
    ]);
  });

  test("text that is too large is not parsed", async () => {
    const text = `select '${"x".repeat(mostBytes)}'`;
    assert.deepEqual(await parseSql(text), { kind: "too-large", bytes: text.length });
    // 9 bytes less one quote and the bytes of the literal: exactly the limit.
    assert.equal(await kindOf(`select '${"ü".repeat((mostBytes - 10) / 2)}' `), "parsed");
  });

  test("nesting that is too deep ends with a message, and the next text is parsed", async () => {
    assert.equal(
      await kindOf(`select ${"(".repeat(100_000)}1${")".repeat(100_000)}`),
      "syntax-error",
    );
    assert.equal(await kindOf(`select 1${"+1".repeat(200_000)}`), "failed");
    assert.equal(await kindOf("select 1"), "parsed");
  });

  test("the parser is not started again for each text", async () => {
    await kindOf("select 1");
    const began = performance.now();
    for (let i = 0; i < 2000; i += 1) await kindOf(`select ${String(i)}`);
    // Starting takes 7 ms and more.
    assert.ok(performance.now() - began < 8000);
  });

  test("parsing many texts, good and bad, does not fill the memory", async () => {
    const values = `insert into t values ${Array(10_000).fill("(1, 'x')").join()}`;
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 5; i += 1) {
      assert.equal(await kindOf(values), "parsed");
      assert.equal(await kindOf(`${values},`), "syntax-error");
    }
    assert.ok(process.memoryUsage().rss - before < 300_000_000);
  });
});
