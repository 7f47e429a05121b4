import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { hintText } from "../../../src/cli/output/hints.ts";
import { HasuraCallError, type SqlResult } from "../../../src/engine/hasura/client.ts";
import { invalidIndexNotices, withLeftBehind } from "../../../src/engine/run/left-behind.ts";
import type { LoadedStep } from "../../../src/engine/run/load-steps.ts";
import { loadSteps } from "../../../src/engine/run/load-steps.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import type { FailureCode } from "../../../src/protocol/failure-codes/index.ts";
import { textHint } from "../../../src/protocol/hint.ts";
import { readyStep, storeOf } from "../support/ready-steps.ts";

const sql =
  'ALTER TABLE a ADD b int;\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "B idx" ON app.a (b);\nREINDEX TABLE CONCURRENTLY c;\nSELECT nope;\n';

type Row = readonly (string | null)[];

interface Given {
  /** What the database answers about the indexes; without it, it cannot be asked. */
  readonly rows?: readonly Row[];
  readonly text?: string;
  readonly noTransaction?: boolean;
  readonly kind?: "postgres" | "mssql";
}

async function load({
  rows,
  text = sql,
  noTransaction = true,
  kind = "postgres",
}: Given): Promise<LoadedStep> {
  const query = (): Promise<SqlResult> =>
    rows === undefined
      ? Promise.reject(new Error("no answer"))
      : Promise.resolve({ columns: [], rows });
  const ready = readyStep("1", { sql: text, noTransaction, store: storeOf({ query }) });
  const step = { ...ready, database: { name: "default", kind } };
  const [loaded] = await loadSteps({ steps: [step], environment: "dev-3" }, 0, 1);
  assert.ok(loaded);
  return loaded;
}

const refused = (statement: string): HasuraCallError =>
  new HasuraCallError("rejected", "boom", { database: { message: "boom", statement } });
const createIndex = 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "B idx" ON app.a (b)';

async function hints(
  given: Given,
  error: unknown = refused(createIndex),
  code: FailureCode = "sql-failed",
): Promise<string[]> {
  const failure = new Failure("migration", code, "it failed", { hints: [textHint("own hint")] });
  const shown = await withLeftBehind(failure, error, await load(given), "dev-3");
  assert.ok(shown instanceof Failure);
  return shown.hints.map((hint) => hintText(hint));
}

const second =
  "Statement 2 of 4 (line 2) failed; statement 1 (line 1) is committed; the rest was not run. To finish: make the committed ones repeatable (IF NOT EXISTS) or delete them from the file.";
const mayBe = 'An invalid index may be left over: DROP INDEX CONCURRENTLY IF EXISTS "app"."B idx";';

describe("a file outside a transaction that failed", () => {
  test("the statements that are committed, and the index that is invalid, come before the failure's own hints", async () => {
    assert.deepEqual(await hints({ rows: [["0", "t", "app", 'B "idx', "f"]] }), [
      second,
      'The index "app"."B ""idx" was left invalid, and IF NOT EXISTS would skip it. Before the next attempt: DROP INDEX CONCURRENTLY "app"."B ""idx";',
      "own hint",
    ]);
  });

  test("no index is invalid", async () => {
    assert.deepEqual(await hints({ rows: [["0", "t", null, null, null]] }), [
      second,
      "It left no invalid index behind.",
      "own hint",
    ]);
  });

  test("an index that another session may be building is not reported as left behind", async () => {
    const [, index = ""] = await hints({ rows: [["0", "t", "app", "i", "t"]] });
    assert.match(
      index,
      /^The index "app"\."i" is invalid; another session is working on its table/,
    );
  });

  test("if the database cannot be queried, an index may be left behind", async () => {
    assert.deepEqual(await hints({}), [second, mayBe, "own hint"]);
    assert.deepEqual(await hints({ rows: [], kind: "mssql" }), [second, mayBe, "own hint"]);
  });

  test("the same if it does not find the table", async () => {
    assert.equal((await hints({ rows: [["0", "f", null, null, null]] }))[1], mayBe);
  });

  test("the same after an interruption and at the deadline, whose error is a cause", async () => {
    const cause = new Failure("migration", "interrupted", "it was interrupted", {
      cause: refused(createIndex),
    });
    for (const code of ["interrupted", "deadline"] as const)
      assert.deepEqual((await hints({}, cause, code)).slice(0, 2), [second, mayBe]);
  });

  test("an error without a statement: every index of the file may be left behind", async () => {
    assert.deepEqual(await hints({}, new HasuraCallError("unknown", "lost"), "interrupted"), [
      "Its 4 statements are committed one by one, so those before the failing one remain in effect.",
      mayBe,
      'An invalid index whose name ends in "_ccnew" or "_ccold" may be left over: drop it with DROP INDEX CONCURRENTLY.',
      "own hint",
    ]);
  });

  test("without indexes there is no hint about them", async () => {
    assert.deepEqual(await hints({ text: "SELECT 1/0;", rows: [] }), [
      "Statement 1 of 1 (line 1) failed; nothing was committed before it.",
      "own hint",
    ]);
  });

  test("indexes that DROP leaves, and those without a name", async () => {
    const dropping = await hints({ text: "DROP INDEX CONCURRENTLY i;" });
    assert.equal(
      dropping[1],
      'An invalid index may be left over: DROP INDEX CONCURRENTLY IF EXISTS "i";',
    );
    const unnamed = await hints({ text: "CREATE INDEX CONCURRENTLY ON a (b);" });
    assert.match(unnamed[1] ?? "", /^An invalid index with a generated name may be left/);
  });

  test("in a transaction, or with any other failure, the failure is unchanged", async () => {
    assert.deepEqual(await hints({ noTransaction: false }), ["own hint"]);
    assert.deepEqual(await hints({}, refused(createIndex), "hasura-unreachable"), ["own hint"]);
    assert.equal(await withLeftBehind("a bug", undefined, await load({}), "dev-3"), "a bug");
  });
});

describe("a file outside a transaction that succeeded", () => {
  test("an invalid index that IF NOT EXISTS skipped causes a notice", async () => {
    const loaded = await load({ rows: [["0", "t", "app", "i", "f"]] });
    assert.deepEqual(await invalidIndexNotices(loaded), [
      'the index "app"."i" is invalid, but IF NOT EXISTS skipped it: run DROP INDEX CONCURRENTLY "app"."i"; then create it again',
    ]);
  });

  test("without one there is none, nor if the database cannot be queried", async () => {
    assert.deepEqual(
      await invalidIndexNotices(await load({ rows: [["0", "t", null, null, null]] })),
      [],
    );
    assert.deepEqual(await invalidIndexNotices(await load({})), []);
    const rows = [["0", "t", "app", "i", "f"]];
    const plain = await load({ text: "CREATE INDEX CONCURRENTLY i ON app.a (b);", rows });
    assert.deepEqual(await invalidIndexNotices(plain), [], "it would not have succeeded");
    const inTransaction = await load({ rows: [["0", "t", "app", "i", "f"]], noTransaction: false });
    assert.deepEqual(await invalidIndexNotices(inTransaction), []);
  });
});
