import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { HasuraCallError } from "../../../../src/engine/hasura/client.ts";
import { type RunSql, type SqlResult } from "../../../../src/engine/hasura/client.ts";
import { readTable, tableStore } from "../../../../src/engine/store/catalog/legacy-table.ts";
import { Failure } from "../../../../src/protocol/failure.ts";
import { notSent, rejected, unknown } from "../../support/call-errors.ts";
import { scriptedHasura } from "../../support/scripted-hasura.ts";

interface Tables {
  readonly names?: readonly string[];
  readonly rows?: SqlResult["rows"];
  readonly settings?: SqlResult["rows"];
  readonly error?: HasuraCallError;
}

const both = ["schema_migrations", "migration_settings"];

/** A Hasura with these tables, and the requests that it was sent. */
function serverWith({ names = both, rows = [], settings = [], error }: Tables) {
  const requests: RunSql[] = [];
  const runSql = (request: RunSql): Promise<SqlResult> => {
    requests.push(request);
    if (error) return Promise.reject(error);
    const { sql } = request;
    const found = sql.startsWith("SELECT table_name")
      ? names.map((name) => [name])
      : sql.startsWith("SELECT version")
        ? rows
        : sql.startsWith("SELECT setting")
          ? settings
          : [];
    return Promise.resolve({ columns: [], rows: found });
  };
  return { hasura: { ...scriptedHasura(), runSql }, requests };
}

const sqlOf = (requests: readonly RunSql[]): string[] => requests.map(({ sql }) => sql);

describe("the table of older projects", () => {
  test("has versions, and whether they are dirty, in every spelling of a boolean", async () => {
    const rows = [
      ["1", "t"],
      ["2", "true"],
      ["3", "1"],
      ["4", "f"],
      ["5", "false"],
      ["6", "0"],
    ];
    const { hasura } = serverWith({ rows });
    const versions = await tableStore(hasura).read("default");
    assert.deepEqual(
      [...versions].map(([version, { dirty }]) => [version, dirty]),
      [
        ["1", true],
        ["2", true],
        ["3", true],
        ["4", false],
        ["5", false],
        ["6", false],
      ],
    );
  });

  for (const row of [["x", "t"], ["1", "maybe"], ["1", null], [null, "t"], ["1"], []])
    test(`that has a row ${JSON.stringify(row)} is refused`, async () => {
      const { hasura } = serverWith({ rows: [row] });
      await assert.rejects(tableStore(hasura).read("default"), (thrown) => {
        assert(thrown instanceof Failure);
        assert.deepEqual([thrown.kind, thrown.code], ["migration", "migration-table-unreadable"]);
        return thrown.cause !== undefined;
      });
    });

  test("is not queried if it does not exist", async () => {
    const { hasura, requests } = serverWith({ names: [] });
    const store = tableStore(hasura);
    assert.deepEqual([...(await store.read("default"))], []);
    assert.deepEqual(
      [requests.length, store.disabled(), store.generation("default")],
      [1, false, undefined],
    );
    const half = serverWith({
      names: ["migration_settings"],
      settings: [["migration_mode", "off"]],
    });
    const halfStore = tableStore(half.hasura);
    assert.deepEqual([...(await halfStore.read("default"))], []);
    assert.deepEqual([half.requests.length, halfStore.disabled()], [2, true]);
  });

  test("is queried without a source", async () => {
    const { hasura, requests } = serverWith({});
    await tableStore(hasura).read("default");
    assert.equal(requests.length, 3);
    for (const { kind, sql, ...others } of requests)
      assert.deepEqual([kind, others, typeof sql], ["postgres", {}, "string"]);
  });

  for (const [mode, disabled] of [
    ["true", false],
    ["false", true],
    ["", true],
    [null, false],
  ] as const)
    test(`with the migration_mode ${JSON.stringify(mode)} ${disabled ? "forbids" : "allows"} changes`, async () => {
      const store = tableStore(serverWith({ settings: [["migration_mode", mode]] }).hasura);
      assert.equal(store.disabled(), false, "before it is read");
      await store.read("default");
      assert.equal(store.disabled(), disabled);
    });

  for (const [stored, generation] of [
    ["12", 12n],
    ["0", 0n],
    ["", undefined],
    ["12x", undefined],
    ["x12", undefined],
    ["-1", undefined],
    [null, undefined],
  ] as const)
    test(`with the generation ${JSON.stringify(stored)} has ${String(generation)}`, async () => {
      const { hasura } = serverWith({ settings: [["hasura_migrate", stored]] });
      const store = tableStore(hasura);
      await store.read("default");
      assert.equal(store.generation("default"), generation);
    });
});

describe("a change of the table", () => {
  const applied = { database: "default", version: "7", to: "applied" } as const;
  const absent = { database: "default", version: "8", to: "absent" } as const;
  const upsert =
    "INSERT INTO hdb_catalog.schema_migrations (version, dirty) VALUES (7, 'false') ON CONFLICT(version) DO UPDATE SET dirty='false'";
  const remove = "DELETE FROM hdb_catalog.schema_migrations WHERE version = 8";

  test("is one request for all of them", async () => {
    const { hasura, requests } = serverWith({});
    const store = tableStore(hasura);
    await store.read("default");
    await store.write([applied, absent]);
    assert.deepEqual(sqlOf(requests.slice(3)), [`${upsert};\n${remove};`]);
  });

  test("creates both tables if one is missing, once", async () => {
    for (const names of [[], ["schema_migrations"], ["migration_settings"]]) {
      const { hasura, requests } = serverWith({ names });
      const store = tableStore(hasura);
      await store.read("default");
      requests.splice(0);
      await store.write([applied]);
      await store.write([absent]);
      const [first = "", second] = sqlOf(requests);
      assert.equal(first.match(/CREATE TABLE IF NOT EXISTS/g)?.length, 2);
      assert.match(first, /'migration_mode', 'true'\) ON CONFLICT DO NOTHING;\nINSERT/);
      assert(first.endsWith(`${upsert};`), first);
      assert.equal(second, `${remove};`);
    }
  });

  test("checks whether the tables exist, if they were not read before", async () => {
    const { hasura, requests } = serverWith({});
    const store = tableStore(hasura);
    await store.write([applied]);
    await store.write([absent]);
    assert.equal(requests.length, 3);
    assert.deepEqual(sqlOf(requests).slice(1), [`${upsert};`, `${remove};`]);
    const without = serverWith({ names: ["schema_migrations"] });
    await tableStore(without.hasura).write([applied]);
    assert.match(sqlOf(without.requests)[1] ?? "", /^CREATE TABLE/);
  });

  test("stores the generation with the versions, and remembers it", async () => {
    const { hasura, requests } = serverWith({});
    const store = tableStore(hasura);
    await store.read("default");
    await store.write([applied, { database: "default", generation: "12" }]);
    assert.match(
      sqlOf(requests)[3] ?? "",
      /VALUES \('hasura_migrate', '12'\) ON CONFLICT \(setting\) DO UPDATE SET value = excluded\.value;$/,
    );
    assert.equal(store.generation("default"), 12n);
  });

  test("never inserts anything but a number as a version", async () => {
    const store = tableStore(serverWith({}).hasura);
    await assert.rejects(store.write([{ ...applied, version: "1; DROP TABLE x" }]));
  });
});

describe("the one-time copy of the table", () => {
  test("reads the rows of that database", async () => {
    const { hasura, requests } = serverWith({ rows: [["3", "t"]] });
    assert.deepEqual([...((await readTable(hasura, "b")) ?? [])], [["3", { dirty: true }]]);
    assert.deepEqual(
      requests.map(({ kind, source }) => [kind, source]),
      [
        ["postgres", "b"],
        ["postgres", "b"],
      ],
    );
  });

  test("is empty if there is no such table", async () => {
    const { hasura, requests } = serverWith({ names: ["migration_settings"] });
    assert.equal(await readTable(hasura, "b"), undefined);
    assert.equal(requests.length, 1);
  });

  test("is empty if the database refuses it, but not if the answer was lost", async () => {
    assert.equal(await readTable(serverWith({ error: rejected() }).hasura, "b"), undefined);
    for (const error of [
      notSent(),
      unknown({ status: 400 }),
      rejected({ status: 500 }),
      rejected({ status: 401 }),
    ])
      await assert.rejects(
        readTable(serverWith({ error }).hasura, "b"),
        (thrown) => thrown === error,
      );
  });

  test("is not empty if a row is not a migration", async () => {
    await assert.rejects(readTable(serverWith({ rows: [["x", "t"]] }).hasura, "b"), {
      code: "migration-table-unreadable",
    });
  });
});
