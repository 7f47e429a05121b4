import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  migrations,
  onSharedServer,
  problemsOf,
  project,
  statesOf,
  verified,
} from "./support/verified.ts";

const orders = migrations({ "1_orders": ["create table orders (id int)", "drop table orders"] });

describe("the metadata of a project that is verified", () => {
  test("is reported with file, line and column if it cannot be read; the migrations are verified all the same", async (t) => {
    const directory = await project(t, {
      ...orders,
      "metadata/version.yaml": "version: 3\n",
      "metadata/databases/databases.yaml": "- name: default\n  kind: postgres\n  tables: [\n",
      "metadata/network.yaml": "[]\n",
    });
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(
      problemsOf(events).map(({ severity, code, file, line, column }) => ({
        ...{ severity, code, file, line, column },
      })),
      [
        {
          ...{ severity: "error", code: "metadata-unreadable" },
          ...{ file: "metadata/databases/databases.yaml", line: 4, column: 1 },
        },
        {
          ...{ severity: "error", code: "metadata-unreadable" },
          ...{ file: "metadata/network.yaml", line: 1, column: 1 },
        },
      ],
    );
    assert.deepEqual(statesOf(events), { 1: "ok" });
  });

  test("still declares which databases are not PostgreSQL if another file of it cannot be read", async (t) => {
    const directory = await project(t, {
      ...orders,
      "migrations/legacy/1_a/up.sql": "create table [a] (b int);",
      "metadata/version.yaml": "version: 3\n",
      "metadata/databases/databases.yaml":
        "- {name: default, kind: postgres, tables: []}\n- {name: legacy, kind: mssql, tables: []}\n",
      "metadata/network.yaml": "[]\n",
    });
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(statesOf(events), { 1: "ok" });
    assert.deepEqual(
      problemsOf(events).map(({ code }) => code),
      ["ignored-file", "metadata-unreadable"],
    );
  });

  test("is not missed in a project without any", async (t) => {
    assert.deepEqual(problemsOf(await verified(await project(t, orders), onSharedServer())), []);
  });
});
