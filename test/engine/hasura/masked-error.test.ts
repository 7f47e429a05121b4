import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { maskedError } from "../../../src/engine/hasura/masked-error.ts";
import { stepFailure } from "../../../src/engine/hasura/sql-errors.ts";
import { Failure, type SqlFailure } from "../../../src/protocol/failure.ts";

const pw = "Pw-Canary-77";

/** What the caller is shown of a file that the database refused with this message. */
async function shown(sql: string, message: string, sqlstate = "42601"): Promise<SqlFailure> {
  const error = new HasuraCallError("rejected", message, {
    status: 400,
    database: { message, sqlstate },
  });
  const failure = await stepFailure(maskedError(error, sql), { file: "1/up.sql", sql });
  assert.ok(failure instanceof Failure);
  assert.ok(failure.sql);
  assert.ok(!JSON.stringify([failure.sql, failure.message]).includes("Canary"));
  return failure.sql;
}

describe("the error of a file with passwords", () => {
  test("no part of it repeats a password; the rest of the error is unchanged", () => {
    const sql = `ALTER ROLE a PASSWORD '${pw}'`;
    const cause = new Error("cause");
    const text = `about "${pw}"`;
    const parts = { message: text, detail: text, hint: text, statement: sql };
    const error = new HasuraCallError("rejected", text, {
      ...{ status: 400, code: "postgres-error", path: "$.args", cause },
      database: { ...parts, sqlstate: "42601" },
    });
    const masked = maskedError(error, sql);
    assert.ok(masked instanceof HasuraCallError);
    const { outcome, status, code, path, database, message, stack } = masked;
    assert.deepEqual(
      [outcome, status, code, path, database?.sqlstate, masked.cause, stack],
      ["rejected", 400, "postgres-error", "$.args", "42601", cause, error.stack],
    );
    assert.deepEqual(
      [message, database?.message, database?.detail, database?.hint, database?.statement],
      [...Array.from({ length: 4 }, () => 'about "********"'), "ALTER ROLE a PASSWORD '********'"],
    );
  });

  test("any other error is passed on unchanged", () => {
    const bug = new Error(pw);
    assert.equal(maskedError(bug, `PASSWORD '${pw}'`), bug);
  });

  const places: readonly (readonly [
    what: string,
    sql: string,
    near: string,
    line: number,
    under?: string,
  ])[] = [
    ["after the password", `\n  ALTER ROLE a PASSWORD '${pw}' LOGN;`, "LOGN", 2],
    ["before it", `SELCT 1; ALTER ROLE a PASSWORD '${pw}';`, "SELCT", 1],
    ["at its literal", `ALTER ROLE a PASSWORD ('${pw}');`, `'${pw}'`, 1, "'********'"],
    ["below one of two lines", `ALTER ROLE a PASSWORD '${pw}\n';\nSELCT 1;`, "SELCT", 3],
  ];
  for (const [what, sql, near, line, under = near] of places)
    test(`the caret stands under an error ${what}`, async () => {
      const { place } = await shown(sql, `syntax error at or near "${near}"`);
      assert.ok(place);
      assert.equal(place.line, line);
      assert.equal(place.text.slice(place.column - 1).slice(0, under.length), under);
    });

  test("and in the body of a function, behind the password", async () => {
    const body = `EXECUTE $b$ALTER ROLE a PASSWORD '${pw}'$b$; PERFORM nope();`;
    const { place } = await shown(
      `DO $$ BEGIN ${body} END $$`,
      "function nope() does not exist",
      "42883",
    );
    assert.equal(place?.text.slice(place.column - 1).slice(0, 4), "nope");
  });

  test("the candidate lines are masked, too", async () => {
    const sql = `SELECT nope;\nSELECT nope; ALTER ROLE a PASSWORD '${pw}';`;
    const { places } = await shown(sql, 'column "nope" does not exist', "42703");
    assert.deepEqual(
      places?.map(({ line, text }) => [line, text]),
      [
        [1, "SELECT nope;"],
        [2, "SELECT nope; ALTER ROLE a PASSWORD '********';"],
      ],
    );
  });
});
