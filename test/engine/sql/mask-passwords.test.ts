import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { maskPasswords, passwordMask } from "../../../src/engine/sql/mask-passwords.ts";

const pw = "Pw-Canary-77";
const hidden = [
  `CREATE ROLE a LOGIN PASSWORD '${pw}';`,
  `alter user a with encrypted password E'${pw}\\n'`,
  `ALTER ROLE a PASSWORD /* now */ -- and
     $pw$${pw}$pw$ VALID UNTIL 'infinity'`,
  `ALTER ROLE a PASSWORD U&'${pw}'`,
  `ALTER ROLE a PASSWORD 'x'\n  '${pw}'`,
  `ALTER ROLE a PASSWORD '${pw.slice(0, 4)}''${pw}'`,
  `CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', password '${pw}')`,
  `CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', "password" '${pw}')`,
  `UPDATE accounts SET password = '${pw}' WHERE id = 1`,
  `SELECT f(password => '${pw}')`,
  `DO $$ BEGIN EXECUTE 'CREATE ROLE a PASSWORD ''${pw}'''; END $$`,
  `DO $a$ BEGIN EXECUTE $b$CREATE ROLE a PASSWORD '${pw}'$b$; END $a$`,
  `-- CREATE ROLE a PASSWORD '${pw}'`,
  `/* CREATE ROLE a PASSWORD '${pw}' */ SELECT 1`,
  `SELECT dblink_connect('host=h user=u password=${pw}')`,
  `CREATE SUBSCRIPTION s CONNECTION 'host=h password=''${pw}'' user=u' PUBLICATION p`,
  `SELECT dblink_connect('postgres://u:${pw}@h:5432/d')`,
  `SELECT dblink_connect(E'postgres://u:${pw}@h:5432/d')`,
  `ALTER ROLE a PASSWORD '${pw}`,
  `DO $$ BEGIN EXECUTE E'CREATE ROLE a PASSWORD ''${pw}''\\n'; END; $$`,
  `DO $$ BEGIN EXECUTE e'CREATE ROLE a\\nPASSWORD \\'${pw}\\''; END; $$`,
  `DO $$ BEGIN EXECUTE E'-- a\\nCREATE ROLE a PASSWORD \\x27${pw}\\047\\u0020'; END; $$`,
  `DO $$ BEGIN EXECUTE E'CREATE ROLE a PASSWORD \\U00000027${pw}\\U00000027'; END; $$`,
  `SELECT '{"down_sql":"ALTER ROLE a PASSWORD ''${pw}''"}'`,
  `SELECT E'{"down_sql":"ALTER ROLE \\\\"a\\\\" PASSWORD ''${pw}''\\\\n"}'`,
  `DO $$ BEGIN EXECUTE 'CREATE ROLE a PASSWORD ''${pw}`,
  `DO $$ BEGIN EXECUTE E'CREATE ROLE a PASSWORD ''${pw}`,
  `SELECT '{"down_sql":"ALTER ROLE a PASSWORD ''${pw}`,
];
const shown = [
  "SELECT 1",
  "CREATE TABLE a (password text NOT NULL DEFAULT '')".replace(" DEFAULT ''", ""),
  "ALTER ROLE a PASSWORD NULL; COMMENT ON ROLE a IS 'it''s'",
  "SET password_encryption = 'md5'",
  "SELECT password FROM a WHERE name = 'bob'",
  "SELECT 'it''s a password, or not' AS a, $$ body $$ AS b, E'\\'' AS c",
  "SELECT 'https://example.com/a:b@c'",
  `SELECT E'a \\'password\\' has\\n\\x38 characters\\\\' AS "the ""password"" rule"`,
];

describe("mask passwords", () => {
  for (const sql of hidden)
    test(`the password is hidden in: ${sql.slice(0, 70)}`, () => {
      const masked = maskPasswords(sql);
      assert.ok(!masked.includes("Canary"), masked);
      assert.match(masked, /\*{8}/);
      assert.equal(maskPasswords(masked), masked);
    });

  for (const sql of shown)
    test(`nothing is changed in: ${sql}`, () => assert.equal(maskPasswords(sql), sql));

  test("the text around the password is unchanged", () => {
    assert.equal(
      maskPasswords("BEGIN;\nCREATE ROLE a PASSWORD 'x' LOGIN; SELECT 'y';"),
      "BEGIN;\nCREATE ROLE a PASSWORD '********' LOGIN; SELECT 'y';",
    );
  });

  test("every line keeps its number", () => {
    for (const sql of [
      "ALTER ROLE a PASSWORD 'x\ny';\nSELECT 1",
      "ALTER ROLE a PASSWORD 'x\r\ny",
      "SELECT 'host=h password=''x\ny'' user=u';\nSELECT 1",
      "DO $$ BEGIN EXECUTE E'ALTER ROLE a\\n\nPASSWORD ''x\\ny\n'''; END $$",
    ]) {
      const masked = maskPasswords(sql);
      assert.doesNotMatch(masked, /[xy]'|'[xy]/);
      assert.equal(masked.split("\n").length, sql.split("\n").length, masked);
    }
  });
});

describe("mask passwords in database messages", () => {
  for (const sql of hidden.filter((each) => each.includes(pw)))
    test(`the password does not stand in a message about: ${sql.slice(0, 70)}`, () => {
      const mask = passwordMask(sql);
      for (const message of [`near "'${pw}'"`, `near "${pw}"`, sql, `x (${pw})`])
        assert.ok(!mask(message).includes("Canary"), mask(message));
    });

  test("an unfinished literal is masked together with what follows it", () => {
    const mask = passwordMask(`SELECT 1;\nALTER ROLE a PASSWORD '${pw};\nSELECT 2;\n`);
    assert.equal(
      mask(`unterminated quoted string at or near "'${pw};\nSELECT 2;\n\n;\nRESET ROLE"`),
      `unterminated quoted string at or near "'********\n;\nRESET ROLE"`,
    );
  });

  test("a password is found in its JSON spelling", () => {
    const password = 'a"b\\c<d>&ä';
    const mask = passwordMask(`ALTER ROLE a PASSWORD '${password}'`);
    const json = JSON.stringify({ password });
    for (const text of [
      json,
      json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    ])
      assert.equal(mask(text), '{"password":"********"}');
  });

  test("part of a longer word is kept, and so is a very short password", () => {
    const mask = passwordMask("ALTER ROLE a PASSWORD 'user'; ALTER ROLE b PASSWORD 'id';");
    assert.equal(
      mask('column "user_id" or "id" of users, not "user"'),
      'column "user_id" or "id" of users, not "********"',
    );
  });

  test("what the message itself calls a password is masked, whatever the SQL", () => {
    assert.equal(
      passwordMask("SELECT 1")("could not connect to postgres://u:abcd@h, password=abcd"),
      "could not connect to postgres://u:********@h, password=********",
    );
  });
});
