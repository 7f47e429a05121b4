import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  labelStatement,
  readStatementLabel,
} from "../../../../src/engine/store/ledger/statement-label.ts";

const run = "019a7e0c-0000-7000-8000-000000000000";

describe("statement label", () => {
  for (const name of ["add_people", "", "näme with spaces", "it's*a!(~name)", "100%", "a*/b"]) {
    test(`the label of a migration named ${JSON.stringify(name)} is read back`, () => {
      const label = { run, version: "1700000000000", name };
      const text = labelStatement(label);
      assert.deepEqual(readStatementLabel(`${text} SET TRANSACTION …`), label);
      assert.equal(text.indexOf("*/"), text.length - 2, "the comment ends where the label does");
    });
  }

  for (const seed of ["01_countries.sql", "shop/it's*a!(~seed).SQL", ""]) {
    test(`the label of a seed named ${JSON.stringify(seed)} is read back`, () => {
      const text = labelStatement({ run, seed });
      assert.deepEqual(readStatementLabel(`${text} SET TRANSACTION …`), { run, seed });
      assert.equal(text.indexOf("*/"), text.length - 2, "the comment ends where the label does");
    });
  }

  test("a name that is too long for pg_stat_activity is omitted", () => {
    const text = labelStatement({ run, version: "1", name: "ä".repeat(255) });
    assert.deepEqual(readStatementLabel(text), { run, version: "1", name: "" });
  });

  for (const query of [
    "",
    "SELECT 1",
    `SELECT 1; ${labelStatement({ run, version: "1", name: "x" })}`,
    labelStatement({ run, version: "1", name: "x" }).slice(0, -1),
    `/* hasura-migrate run=${run} version=01 name=x */`,
    `/* hasura-migrate run=${run} version=99999999999999999999 name=x */`,
    `/* hasura-migrate run=${run} version=1 name=%E4 */`,
    `/* hasura-migrate run=${run} name=x version=1 */`,
  ]) {
    test(`a statement with another beginning has no label: ${query.slice(0, 100)}`, () =>
      assert.equal(readStatementLabel(query), undefined));
  }
});
