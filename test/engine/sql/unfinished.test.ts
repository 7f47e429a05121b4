import assert from "node:assert/strict";
import pg from "pg";
import { describe, test } from "vitest";
import { findUnfinished, tokenize } from "../../../src/engine/sql/lexer.ts";
import { freshDatabase } from "../../support/postgres.ts";

/** Texts that end inside nothing. */
const finished = [
  "select 'it''s'",
  "select E'it\\'s', e'\\\\'",
  "select 'a\\'",
  "select $$don't$$",
  "select $$a$$$$b'$$",
  "select $tag$ $$ don't $other$ $tag$",
  "select $é$ don't $é$, $🎉$ can't $🎉$",
  "/* /* don't */ won't */ select 1",
  "-- don't\nselect 1 -- can't",
  "-- don't\rselect 1",
  `select 1 as "it's"`,
  `select 1 as "a""b"`,
  "select 'a' -- it's\n'b'",
  "select U&'\\0041', N'x', B'1', X'1F'",
  "select 1 as a$b$c",
  "select 1 as type'a'",
  "select 1 as \u00a0E, 'a\\'",
  "select 2*/* don't */3",
  "do $body$ begin perform $q$it's$q$; end $body$",
  "",
];
/** Texts that end inside something, and the place where it begins. */
const unfinished: [string, number][] = [
  ["select 'it's'", 12],
  ["select 1;\nselect 'abc", 17],
  ["select E'it\\'", 7],
  ["select $$ it's", 7],
  ["select $a$ x $b$ $$", 7],
  ["select 1; /* /* */ select 2", 10],
  ['select "a""b', 7],
  ["select '-- /* $$", 7],
];

describe("text that a file ends inside", () => {
  test("is found where it begins, and nowhere else", () => {
    for (const sql of finished) assert.equal(findUnfinished(sql), undefined, sql);
    for (const [sql, start] of unfinished) assert.equal(findUnfinished(sql)?.start, start, sql);
  });

  test("is what the lexer finds as well", () => {
    for (const sql of [...finished, ...unfinished.map(([text]) => text)]) {
      const open = [...tokenize(sql)].find(({ closed }) => !closed);
      assert.equal(findUnfinished(sql)?.start, open?.start, sql);
    }
  });

  test("is judged with backslashes as escapes where that is asked for", () => {
    assert.equal(findUnfinished("select 'it\\'s'", { backslashes: true }), undefined);
    assert.equal(findUnfinished("select 'a\\'", { backslashes: true })?.start, 7);
  });

  test("is refused by PostgreSQL, and nothing else is", async (t) => {
    const client = new pg.Client({ connectionString: await freshDatabase(t) });
    await client.connect();
    t.onTestFinished(() => client.end());
    const refusal = (sql: string): Promise<string> =>
      client.query(sql).then(
        () => "",
        (error: unknown) => String(error),
      );
    for (const sql of finished) assert.doesNotMatch(await refusal(sql), /unterminated/, sql);
    for (const [sql] of unfinished) assert.match(await refusal(sql), /unterminated/, sql);
    // What a store sends behind the file closes the text, and cannot make it complete either.
    for (const [sql] of unfinished)
      assert.match(await refusal(`${sql}\n;\nSELECT 'run', 1`), /unterminated|syntax error/, sql);
    await client.query("SET standard_conforming_strings = off; SET escape_string_warning = off");
    assert.equal(await refusal("select 'it\\'s'"), "");
  });
});
