import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { exportMetadata, replaceTables } from "./support/metadata.ts";
import { ErrorBody } from "./support/request.ts";
import { client, ownSchema, requests, server } from "./support/server.ts";

/** Two tables that Hasura tracks: `parent` has an array relationship to `child`, so a dropped `child` takes it along. */
async function trackedTables(t: TestContext): Promise<string> {
  const schema = await ownSchema(t);
  await requests.rows(`
    CREATE TABLE ${schema}.parent (id int PRIMARY KEY);
    CREATE TABLE ${schema}.child (id int PRIMARY KEY, parent_id int REFERENCES ${schema}.parent)`);
  const child = { schema, name: "child" };
  const constraint = { column: "parent_id", table: child };
  const relationship = { name: "children", using: { foreign_key_constraint_on: constraint } };
  t.onTestFinished(() =>
    replaceTables(requests, server.source, (tables) =>
      tables.filter(({ table }) => table.schema !== schema),
    ),
  );
  await replaceTables(requests, server.source, (tables) => [
    ...tables,
    { table: child },
    { table: { schema, name: "parent" }, array_relationships: [relationship] },
  ]);
  assert.deepEqual(await trackedIn(schema), ["child", "parent"]);
  return schema;
}

async function trackedIn(schema: string): Promise<string[]> {
  const { metadata } = await exportMetadata(requests);
  const tables = metadata.sources.find(({ name }) => name === server.source)?.tables ?? [];
  return tables
    .filter(({ table }) => table.schema === schema)
    .map(({ table }) => table.name)
    .sort();
}

const exists = (table: string): Promise<string | null> =>
  requests.value(`SELECT to_regclass('${table}') IS NOT NULL`);

const Inconsistent = z.object({
  is_consistent: z.boolean(),
  inconsistent_objects: z.array(z.looseObject({ type: z.string(), reason: z.string() })),
});

/** The arguments that hasura-migrate sends. */
const reload = () =>
  requests.metadata("reload_metadata", {
    reload_remote_schemas: false,
    reload_sources: [server.source],
    recreate_event_triggers: true,
  });

describe("exported metadata", () => {
  test("has version 3 and names the source with its kind", async (t) => {
    const { status, body } = await requests.metadata("export_metadata");
    assert.equal(status, 200);
    assert.equal(z.object({ version: z.int() }).parse(body).version, 3);
    const { sources } = await client(t).exportMetadata();
    assert.deepEqual(
      sources.filter(({ name }) => name === server.source),
      [{ name: server.source, kind: "postgres" }],
    );
  });

  test("comes with its resource version in version 2 of the request", async () => {
    const { body } = await requests.metadata("export_metadata");
    const versioned = await requests.metadata("export_metadata", {}, { version: 2 });
    const { metadata } = z
      .object({ resource_version: z.int().nonnegative(), metadata: z.unknown() })
      .parse(versioned.body);
    assert.deepEqual(body, metadata);
  });
});

describe("replace_metadata", () => {
  const replace = (metadata: unknown, resource_version: number) =>
    requests.metadata(
      "replace_metadata",
      { allow_inconsistent_metadata: true, metadata },
      { version: 2, resource_version },
    );

  test("with a stale resource version is a conflict, and changes nothing", async () => {
    const { metadata, resource_version } = await exportMetadata(requests);
    const answer = await replace(metadata, resource_version - 1);
    assert.equal(answer.status, 409);
    assert.equal(ErrorBody.parse(answer.body).code, "conflict");
    assert.equal((await exportMetadata(requests)).resource_version, resource_version);
  });

  test("with the current one is accepted once: the version goes up", async () => {
    const { metadata, resource_version } = await exportMetadata(requests);
    const answer = await replace(metadata, resource_version);
    assert.equal(answer.status, 200);
    Inconsistent.parse(answer.body);
    assert.ok((await exportMetadata(requests)).resource_version > resource_version);
    assert.equal((await replace(metadata, resource_version)).status, 409);
  });
});

describe("a dropped table that Hasura tracks", () => {
  test("is not noticed by run_sql without the check, but by the next reload", async (t) => {
    const schema = await trackedTables(t);
    const before = (await exportMetadata(requests)).resource_version;
    await requests.rows(`DROP TABLE ${schema}.child`);
    assert.deepEqual(await trackedIn(schema), ["child", "parent"]);
    assert.equal((await exportMetadata(requests)).resource_version, before);
    const answer = await reload();
    assert.equal(answer.status, 200);
    const { is_consistent, inconsistent_objects } = Inconsistent.parse(answer.body);
    assert.equal(is_consistent, false);
    const names = inconsistent_objects.map(({ type, name }) => `${type}: ${JSON.stringify(name)}`);
    const table = names.filter((name) => name.startsWith("table") && name.includes(schema));
    assert.equal(table.length, 1, names.join("\n"));
    assert.match(table[0] ?? "", /child\W+in source /);
  });

  test("is reported again by get_inconsistent_metadata, until the metadata fits", async (t) => {
    const schema = await trackedTables(t);
    const hasura = client(t);
    const broken = async (): Promise<string[]> =>
      (await hasura.inconsistentObjects())
        .filter(({ type, name }) => type === "table" && name.includes(schema))
        .map(({ name }) => name);
    assert.deepEqual(await broken(), []);
    await requests.rows(`DROP TABLE ${schema}.child`);
    const reloaded = await hasura.reloadMetadata([server.source]);
    const names = reloaded.filter(({ type, name }) => type === "table" && name.includes(schema));
    assert.deepEqual(
      await broken(),
      names.map(({ name }) => name),
    );
    assert.equal(names.length, 1);
    await requests.rows(
      `CREATE TABLE ${schema}.child (id int PRIMARY KEY, parent_id int REFERENCES ${schema}.parent)`,
    );
    await hasura.reloadMetadata([server.source]);
    assert.deepEqual(await broken(), []);
  });

  test("is refused with the check while others depend on it, and everything is rolled back", async (t) => {
    const schema = await trackedTables(t);
    const answer = await requests.sql(
      `CREATE TABLE ${schema}.other (a int); DROP TABLE ${schema}.child`,
      { check_metadata_consistency: true },
    );
    assert.equal(answer.status, 400);
    const { code, error } = ErrorBody.parse(answer.body);
    assert.equal(code, "dependency-error");
    assert.match(error, /^cannot drop due to the following dependent objects: /);
    assert.ok(error.includes("children"), error);
    assert.deepEqual(
      [await exists(`${schema}.child`), await exists(`${schema}.other`)],
      ["t", "f"],
    );
    assert.deepEqual(await trackedIn(schema), ["child", "parent"]);
  });

  test("takes its dependents with it with cascade", async (t) => {
    const schema = await trackedTables(t);
    const answer = await requests.sql(`DROP TABLE ${schema}.child`, {
      check_metadata_consistency: true,
      cascade: true,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(await trackedIn(schema), ["parent"]);
    const { metadata } = await exportMetadata(requests);
    const ours = metadata.sources
      .flatMap(({ tables }) => tables)
      .filter(({ table }) => table.schema === schema);
    assert.ok(!JSON.stringify(ours).includes('"children"'));
  });

  test("is removed from the metadata with the check if nothing depends on it", async (t) => {
    const schema = await trackedTables(t);
    const answer = await requests.sql(`DROP TABLE ${schema}.parent CASCADE`, {
      check_metadata_consistency: true,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(await trackedIn(schema), ["child"]);
  });
});
