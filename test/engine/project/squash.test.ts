import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { readDirectives } from "../../../src/engine/project/directives.ts";
import { parseBody } from "../../../src/engine/project/migration-file.ts";
import type { Migration, MigrationFile } from "../../../src/engine/project/scan.ts";
import { squashedFiles } from "../../../src/engine/project/squash.ts";
import { allowancesIn } from "../../../src/lint/allowances.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { parseSql } from "../../../src/sql-parser/parse-sql.ts";

function file(path: string, sql: string): MigrationFile {
  const body = async () => parseBody(Buffer.from(sql), path);
  return { path, runnable: true, body, checksum: async () => (await body()).checksum };
}

/** Migrations 1, 2, … with these up files; a down file undoes each. */
function migrations(...ups: (string | readonly [string, string])[]): Migration[] {
  return ups.map((files, i) => {
    const version = String(i + 1);
    const [up, down] = typeof files === "string" ? [files, `SELECT -${version};`] : files;
    return {
      version,
      name: "m",
      up: file(`${version}/up.sql`, up),
      ...(down !== "" && { down: file(`${version}/down.sql`, down) }),
    };
  });
}
const squashed = (...ups: Parameters<typeof migrations>) =>
  squashedFiles(migrations(...ups), { withoutDown: false });
const refusal = async (...ups: Parameters<typeof migrations>): Promise<string> => {
  const failure = await squashed(...ups).then(
    () => assert.fail("it was squashed"),
    (thrown: unknown) => thrown,
  );
  assert(failure instanceof Failure && failure.code === "squash-refused");
  return failure.message;
};

describe("squash", () => {
  test("has the ups in order and the downs in reverse, each ended by a semicolon", async () => {
    const { up, down } = await squashed("SELECT 1", "SELECT 2; -- two", "SELECT 3;\n\n");
    assert.equal(
      up,
      "-- hasura-migrate: squashes 1 2 3\n\n-- 1_m\nSELECT 1\n;\n\n-- 2_m\nSELECT 2; -- two\n\n-- 3_m\nSELECT 3;\n",
    );
    assert.equal(down, "\n-- 3_m\nSELECT -3;\n\n-- 2_m\nSELECT -2;\n\n-- 1_m\nSELECT -1;\n");
  });

  test("names its parts in lines that are read back", async () => {
    const { up } = await squashed(...Array.from({ length: 20 }, (_, i) => `SELECT ${String(i)};`));
    assert.deepEqual(
      readDirectives(up, "up.sql").squashes,
      Array.from({ length: 20 }, (_, i) => String(i + 1)),
    );
  });

  test("keeps a marker and directives that all files have, once", async () => {
    const head = "-- hasura:no-transaction\n-- about it\n-- hasura-migrate: lock_timeout=5s\n";
    const { up } = await squashed(`${head}SELECT 1;`, `${head}SELECT 2;`);
    const { noTransaction, settings, squashes } = readDirectives(up, "up.sql");
    assert.deepEqual(
      [noTransaction, settings, squashes],
      [true, { lockTimeout: "5000ms" }, ["1", "2"]],
    );
    assert.equal(up.match(/hasura:no-transaction/g)?.length, 1);
    assert.equal(up.match(/-- about it/g)?.length, 2);
  });

  test("allows in each part only what that part allowed", async () => {
    const { up } = await squashed(
      `-- hasura-migrate: allow drop-data because it is archived
-- hasura-migrate: allow drop-cascade because nobody uses it
-- hasura-migrate: allow rename
DROP TABLE a; -- hasura-migrate: allow rename because it is new
ALTER TABLE b DROP c -- the last one`,
      "-- hasura-migrate: allow drop-data because it is empty\nDROP TABLE d;\n",
      "DROP TABLE e;",
    );
    assert.equal(
      up,
      `-- hasura-migrate: squashes 1 2 3

-- 1_m
DROP TABLE a
-- hasura-migrate: allow drop-data, drop-cascade because it is archived; nobody uses it
; -- hasura-migrate: allow rename because it is new
ALTER TABLE b DROP c -- the last one

-- hasura-migrate: allow drop-data, drop-cascade because it is archived; nobody uses it
;

-- 2_m
DROP TABLE d
-- hasura-migrate: allow drop-data because it is empty
;

-- 3_m
DROP TABLE e;
`,
    );
    const parsed = await parseSql(up);
    assert(parsed.kind === "parsed");
    assert.deepEqual(
      allowancesIn(up, parsed.statements).map(({ rules, statement }) => [statement, ...rules]),
      [
        [0, "drop-data", "drop-cascade"],
        [0, "rename"],
        [1, "drop-data", "drop-cascade"],
        [2, "drop-data"],
      ],
    );
  });

  const settings: readonly (readonly [string, string])[] = [
    ["SET check_function_bodies = false;", "RESET check_function_bodies;"],
    ["SET LOCAL search_path TO a, b;", "RESET search_path;"],
    ["SET SESSION AUTHORIZATION bob;", "RESET SESSION AUTHORIZATION;"],
    ["SET SESSION app.tenant = 'x';", "RESET app.tenant;"],
    ["SET ROLE bob;", "RESET ROLE;"],
    ["SET TIME ZONE 'UTC';", "RESET TimeZone;"],
    ["SELECT pg_catalog.set_config('search_path', '', false);", "RESET search_path;"],
    ["SET CONSTRAINTS ALL DEFERRED;", "SET CONSTRAINTS ALL IMMEDIATE;"],
  ];
  test.each(settings)("ends a setting after its part: %s", async (set, reset) => {
    const { up } = await squashed(set, "SELECT 2;");
    assert.ok(up.includes(`${set}\n${reset}\n\n-- 2_m`), up);
    const last = await squashed("SELECT 1;", set);
    assert.ok(last.up.endsWith(`${set}\n`), "the last one is ended by the end of the file");
  });

  test("warns about a file that adds a value to an enum that a later part may use", async () => {
    const { notices } = await squashed("ALTER TYPE color ADD VALUE 'red';", "SELECT 'red'::color;");
    assert.match(notices.join(), /^1\/up\.sql adds a value to an enum/);
  });

  const refusals: readonly (readonly [string, Parameters<typeof migrations>, RegExp])[] = [
    ["one migration", ["SELECT 1;"], /only one migration/],
    ["a missing down", ["SELECT 1;", ["SELECT 2;", ""]], /2_m has no down\.sql/],
    ["a down of comments", ["SELECT 1;", ["SELECT 2;", "-- no"]], /2_m has no down\.sql/],
    ["mixed markers", ["-- hasura:no-transaction\nSELECT 1;", "SELECT 2;"], /others do not: 1\/up/],
    [
      "other directives",
      ["SELECT 1;", "-- hasura-migrate: lock_timeout=5s\nSELECT 2;"],
      /2\/up\.sql has different directives from 1\/up\.sql/,
    ],
    [
      "a transaction of its own",
      ["SELECT 1;", "SELECT 2;\nCOMMIT;"],
      /2\/up\.sql, line 2: this statement begins/,
    ],
    [
      "one in a down file",
      ["SELECT 1;", ["SELECT 2;", "BEGIN; SELECT 1;"]],
      /2\/down\.sql, line 1/,
    ],
    ["an open quote", ["SELECT 'it;", "SELECT 2;"], /1\/up\.sql, line 1: a quoted string/],
    [
      "a setting of unknown name",
      ["SELECT set_config(a, b, false) FROM c;", "SELECT 2;"],
      /would also apply/,
    ],
    ["a mode of the transaction", ["SET TRANSACTION READ ONLY;", "SELECT 2;"], /would also apply/],
    ["a squash", ["-- hasura-migrate: squashes 0\nSELECT 1;", "SELECT 2;"], /is itself a squash/],
  ];
  test.each(refusals)("is refused: %s", async (_, ups, message) => {
    assert.match(await refusal(...ups), message);
  });

  test("is not refused for the END of a function's body", async () => {
    const sql =
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;\nDO $$ BEGIN COMMIT; END $$;";
    assert.ok((await squashed(sql, "SELECT 2;")).up.includes(sql));
  });

  test("omits the down files on request", async () => {
    const files = await squashedFiles(migrations(["SELECT 1;", ""], "SELECT 2;"), {
      withoutDown: true,
    });
    assert.equal(files.down, undefined);
  });

  test("allows once that it has no down file, if a part did", async () => {
    const allowed = "-- hasura-migrate: allow missing-down, rename because data was deleted\n";
    const ups: Parameters<typeof migrations> = [[`${allowed}SELECT 1;`, ""], "SELECT 2;"];
    const { up } = await squashedFiles(migrations(...ups), { withoutDown: true });
    assert.equal(
      up,
      `-- hasura-migrate: squashes 1 2
-- hasura-migrate: allow missing-down because data was deleted

-- 1_m
SELECT 1
-- hasura-migrate: allow rename because data was deleted
;

-- 2_m
SELECT 2;
`,
    );
  });
});

describe("the directive squashes", () => {
  test("accepts only versions", () => {
    assert.throws(
      () => readDirectives("-- hasura-migrate: squashes 1 two\nSELECT 1;", "up.sql"),
      /up\.sql, line 1: "two" is not a version/,
    );
  });
});
