import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { runSqlType, type SourceKind } from "../../../src/engine/hasura/client.ts";
import { runSqlBody, supportsNoTransaction } from "../../../src/engine/hasura/wire.ts";

describe("the body of a run_sql", () => {
  test("omits options that are not set", () => {
    assert.deepEqual(runSqlBody({ kind: "postgres", sql: "x" }), {
      type: "run_sql",
      args: { sql: "x" },
    });
    assert.deepEqual(
      runSqlBody({ kind: "postgres", sql: "x", noTransaction: false, readOnly: false }),
      { type: "run_sql", args: { sql: "x" } },
    );
  });

  test("has every option", () => {
    assert.deepEqual(
      runSqlBody({
        kind: "citus",
        sql: "x",
        source: "b",
        checkMetadataConsistency: false,
        noTransaction: true,
        readOnly: true,
      }),
      {
        type: "citus_run_sql",
        args: {
          sql: "x",
          source: "b",
          check_metadata_consistency: false,
          no_transaction: true,
          read_only: true,
        },
      },
    );
  });

  const kinds: Record<SourceKind, [type: string, noTransaction: boolean]> = {
    postgres: ["run_sql", true],
    citus: ["citus_run_sql", true],
    cockroach: ["cockroach_run_sql", true],
    mssql: ["mssql_run_sql", false],
    bigquery: ["bigquery_run_sql", false],
  };
  test("is known for every kind of source", () => {
    assert.deepEqual(Object.keys(runSqlType), Object.keys(kinds));
  });
  for (const kind of ["postgres", "citus", "cockroach", "mssql", "bigquery"] as const) {
    const [type, noTransaction] = kinds[kind];
    test(`of a ${kind} source is a ${type}, ${noTransaction ? "with" : "without"} no_transaction`, () => {
      const body = runSqlBody({ kind, sql: "x", noTransaction: true });
      assert.deepEqual(body, {
        type,
        args: { sql: "x", ...(noTransaction && { no_transaction: true }) },
      });
      assert.equal(supportsNoTransaction(kind), noTransaction);
    });
  }
});
