import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { SqlResult } from "../../../src/engine/hasura/client.ts";
import { evidenceFor, versionsInDoubt } from "../../../src/engine/operations/evidence.ts";
import { databaseStatus } from "../../../src/engine/operations/status.ts";
import type { DatabaseState } from "../../../src/engine/session.ts";
import type { AppliedMigration, Database } from "../../../src/engine/store/store.ts";
import { fileOf, storeOf, unreadable } from "../support/ready-steps.ts";

interface Given {
  readonly kind?: Database["kind"];
  /** What the database answers for each object: `undefined` for no row. */
  readonly exists?: readonly (boolean | undefined)[];
  readonly query?: (sql: string) => Promise<SqlResult>;
  readonly queried?: string[];
}

const files = {
  "1": 'CREATE TABLE a (id int); ALTER TABLE app."O\'Brien" ADD COLUMN email text;',
  "2": "CREATE INDEX i ON app.b (x);",
  "3": "CREATE TABLE applied ();",
  "4": "SELECT 4;",
};
const recorded: Record<string, AppliedMigration> = {
  "1": { state: "dirty" },
  "2": { state: "interrupted" },
  "3": { state: "applied" },
  "4": { state: "dirty" },
};

function stateOf({ kind = "postgres", exists = [], queried = [], query }: Given = {}) {
  const answer = (sql: string): Promise<SqlResult> => {
    queried.push(sql);
    const rows = exists.flatMap((found, i) =>
      found === undefined ? [] : [[String(i), found ? "t" : "f"]],
    );
    return Promise.resolve({ columns: ["i", "case"], rows: rows.reverse() });
  };
  const state: DatabaseState = {
    database: { name: "default", kind },
    migrations: Object.entries(files).map(([version, sql]) => ({
      version,
      name: "x",
      up: fileOf(`${version}/up.sql`, sql),
    })),
    recorded: new Map(Object.entries(recorded)),
    store: storeOf({ query: query ?? answer }),
  };
  return state;
}

describe("versions in doubt", () => {
  test("are those that a run did not finish", () => {
    assert.deepEqual(versionsInDoubt(stateOf()), ["1", "2", "4"]);
  });
});

describe("the evidence", () => {
  const [table, column, index] = ["table a", "column app.O'Brien.email", "index app.i"];

  test("shows for each version whether the objects of its file exist, with one query", async () => {
    const queried: string[] = [];
    const state = stateOf({ exists: [true, false, true], queried });
    assert.deepEqual(
      [...(await evidenceFor(state, ["1", "2", "4"]))],
      [
        [
          "1",
          [
            { object: table, exists: true },
            { object: column, exists: false },
          ],
        ],
        ["2", [{ object: index, exists: true }]],
      ],
    );
    assert.equal(queried.length, 1);
    const values = [
      `(0, '"a"', NULL::pg_catalog.name)`,
      `(1, '"app"."O''Brien"', 'email'::pg_catalog.name)`,
      `(2, '"app"."i"', NULL::pg_catalog.name)`,
    ];
    assert.ok(queried[0]?.endsWith(`FROM (VALUES ${values.join(", ")}) AS o (i, rel, col)`));
  });

  test("is in the status of those in doubt, and of no other", async () => {
    const { migrations } = await databaseStatus(stateOf({ exists: [true, true, false] }));
    assert.deepEqual(
      migrations.map(({ evidence }) => evidence?.map(({ exists }) => exists)),
      [[true, true], [false], undefined, undefined],
    );
    assert.equal("evidence" in (migrations[2] ?? {}), false);
  });

  test("leaves out an object that the database does not answer for", async () => {
    const found = await evidenceFor(stateOf({ exists: [undefined, true] }), ["1", "2"]);
    assert.deepEqual([...found], [["1", [{ object: column, exists: true }]]]);
  });

  test("is looked up in PostgreSQL and Citus alone", async () => {
    const isLookedUp = async (kind: Database["kind"]) =>
      (await evidenceFor(stateOf({ kind, exists: [true] }), ["1"])).size > 0;
    assert.deepEqual(
      await Promise.all((["postgres", "citus", "cockroach", "mssql"] as const).map(isLookedUp)),
      [true, true, false, false],
    );
  });

  test("is not queried if there is nothing to look up", async () => {
    const queried: string[] = [];
    const state = stateOf({ exists: [true], queried });
    for (const versions of [[], ["4"], ["99"]])
      assert.equal((await evidenceFor(state, versions)).size, 0);
    assert.deepEqual(queried, []);
  });

  test("is empty if it is unavailable, which is not a failure", async () => {
    const none = async (state: DatabaseState) =>
      assert.deepEqual([...(await evidenceFor(state, ["1"]))], []);
    await none(stateOf({ query: () => Promise.reject(new Error("permission denied")) }));
    await none({ ...stateOf(), store: storeOf() });
    const gone = { version: "1", name: "x", up: unreadable("1/up.sql") };
    await none({ ...stateOf({ exists: [true] }), migrations: [gone] });
    await none({ ...stateOf({ exists: [true] }), migrations: [{ version: "1", name: "x" }] });
  });
});
