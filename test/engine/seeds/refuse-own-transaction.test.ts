import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { refuseOwnTransaction } from "../../../src/engine/seeds/refuse-own-transaction.ts";
import { Failure } from "../../../src/protocol/failure.ts";

async function refusalOf(sql: string, kind: "postgres" | "mssql" = "postgres") {
  try {
    await refuseOwnTransaction(sql, "seeds/default/1.sql", kind);
    return undefined;
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    assert.equal(thrown.code, "seed-not-transactional");
    return thrown.message;
  }
}

/** Longer than the parser reads. */
const filler = `INSERT INTO a VALUES ('${"x".repeat(1_000_000)}');\n`;
const fillerLines = 1;

describe("a seed is refused because of its transaction", () => {
  for (const [sql, word] of [
    ["BEGIN;", "BEGIN"],
    ["START TRANSACTION;", "START TRANSACTION"],
    ["COMMIT", "COMMIT"],
    ["END;", "COMMIT"],
    ["ROLLBACK;", "ROLLBACK"],
    ["ABORT;", "ROLLBACK"],
    ["PREPARE TRANSACTION 'x';", "PREPARE TRANSACTION"],
    ["VACUUM a;", "VACUUM"],
    ["CREATE INDEX CONCURRENTLY i ON a (b);", "CREATE INDEX CONCURRENTLY"],
    ["CREATE DATABASE d;", "CREATE DATABASE"],
    ["\\copy a FROM 'a.csv'", "\\copy"],
    ["\\restrict abc", "\\restrict"],
    ["COPY a FROM stdin;\n1\n\\.\n", "\\."],
    ["COPY a FROM STDIN WITH (FORMAT csv);", "COPY … FROM STDIN"],
  ] as const) {
    test(`${sql.split("\n")[0] ?? ""} is named with its line`, async () => {
      const message = (await refusalOf(`SELECT 1;\n-- a comment\n${sql}`)) ?? "";
      const line = word === "\\." ? 5 : 3;
      assert.ok(message.startsWith(`seeds/default/1.sql, line ${String(line)}: ${word} `), message);
      assert.match(message, /nothing was run\.$/);
    });
  }

  for (const [sql, word] of [
    ["COMMIT;", "COMMIT"],
    ["end;", "END"],
    ["ROLLBACK AND CHAIN;", "ROLLBACK"],
    ["vacuum a;", "VACUUM"],
  ] as const) {
    test(`in a file that is too large for the parser: ${sql}`, async () => {
      const message = (await refusalOf(filler + sql)) ?? "";
      const line = String(1 + fillerLines);
      assert.ok(message.startsWith(`seeds/default/1.sql, line ${line}: ${word} `), message);
    });
  }

  for (const sql of [
    "SAVEPOINT s; ROLLBACK TO s; RELEASE s;",
    "DO $$ BEGIN NULL; END $$;",
    "INSERT INTO a VALUES ('COMMIT; \\copy', E'\\\\copy');",
    "-- COMMIT;\n/* \\copy */ SELECT 1;",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;",
    "COPY a FROM '/tmp/a.csv';",
    "SELECT * FROM begin;",
  ]) {
    test(`not: ${sql}`, async () => {
      assert.equal(await refusalOf(sql), undefined);
      assert.equal(await refusalOf(filler + sql), undefined);
    });
  }

  test("a database with other syntax decides itself", async () => {
    assert.equal(await refusalOf("BEGIN TRANSACTION;", "mssql"), undefined);
  });
});
