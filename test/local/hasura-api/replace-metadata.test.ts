import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { startTestApi, type TestApi } from "../../support/hasura-api.ts";
import { assertIncludes } from "../../support/partial.ts";

const source = { name: "default", kind: "postgres", configuration: {}, tables: [] };

const replace = (api: TestApi, metadata: unknown, more: object = {}, top: object = {}) =>
  api.post("/v1/metadata", {
    ...{ type: "replace_metadata", version: 2, ...top },
    args: { metadata, ...more },
  });

const Exported = z.object({ resource_version: z.number(), metadata: z.unknown() });

async function exported(api: TestApi): Promise<z.infer<typeof Exported>> {
  const request = { type: "export_metadata", version: 2, args: {} };
  return Exported.parse((await api.post("/v1/metadata", request)).body);
}

describe("a document that replaces the metadata", () => {
  test("is exported sorted, with full names and defaults, and without what is empty", async (t) => {
    const api = await startTestApi(t);
    await api.sql("create table b (id int, name text); create table a (id int)");
    const { status, body } = await replace(api, {
      version: 3,
      sources: [
        {
          ...source,
          customization: {},
          functions: [],
          tables: [
            {
              table: "b",
              is_enum: false,
              configuration: {
                custom_root_fields: {},
                custom_column_names: { name: "title" },
                column_config: { name: { comment: "c" } },
              },
              array_relationships: [],
              select_permissions: [
                {
                  role: "z",
                  permission: {
                    columns: ["name", "id"],
                    filter: { $and: [{ id: { _eq: 1 } }] },
                    allow_aggregations: false,
                    unknown: 1,
                  },
                  comment: null,
                },
                { role: "a", permission: { columns: "*", filter: {} } },
              ],
              event_triggers: [
                {
                  name: "t",
                  definition: { insert: { columns: "*" } },
                  retry_conf: { num_retries: 1, interval_sec: 2, timeout_sec: 3 },
                  webhook: "http://localhost",
                },
              ],
            },
            { table: { name: "a" } },
          ],
        },
      ],
      remote_schemas: [],
      actions: [
        {
          name: "act",
          definition: { output_type: "uuid", handler: "http://x", timeout: 30, arguments: [] },
        },
      ],
      allowlist: [],
      network: {},
      nobody_knows: true,
    });
    assert.equal(status, 200, JSON.stringify(body));
    const { metadata } = await exported(api);
    assertIncludes(metadata, {
      version: 3,
      sources: [
        {
          tables: [
            { table: { name: "a", schema: "public" } },
            {
              table: { name: "b", schema: "public" },
              configuration: {
                column_config: { name: { custom_name: "title", comment: "c" } },
                custom_column_names: { name: "title" },
                custom_root_fields: {},
              },
              select_permissions: [
                { role: "a" },
                {
                  role: "z",
                  permission: { columns: ["name", "id"], filter: { _and: [{ id: { _eq: 1 } }] } },
                },
              ],
              event_triggers: [{ definition: { enable_manual: false } }],
            },
          ],
        },
      ],
      actions: [
        {
          definition: {
            handler: "http://x",
            output_type: "uuid",
            type: "mutation",
            kind: "synchronous",
          },
        },
      ],
    });
    const text = JSON.stringify(metadata);
    for (const gone of [
      ...["is_enum", "array_relationships", "allow_aggregations", "unknown", 'comment":null'],
      ...["functions", "customization", "remote_schemas", "allowlist", "network", "nobody_knows"],
      ...['timeout":30', "arguments"],
    ])
      assert.ok(!text.includes(gone), gone);
    assert.match(text, /ignored_client_headers/);
  });

  test("is the same after it is exported and applied again", async (t) => {
    const api = await startTestApi(t);
    await api.sql(
      "create table b (id int primary key); create table a (id int, b int references b)",
    );
    const using = { foreign_key_constraint_on: ["b"] };
    await replace(api, {
      version: 3,
      sources: [
        {
          ...source,
          tables: [{ table: "a", object_relationships: [{ name: "r", using }] }, { table: "b" }],
        },
      ],
    });
    const first = await exported(api);
    assert.match(JSON.stringify(first.metadata), /"foreign_key_constraint_on":"b"/);
    assert.equal((await replace(api, first.metadata)).status, 200);
    assert.deepEqual((await exported(api)).metadata, first.metadata);
  });

  const table = (more: object) => ({
    version: 3,
    sources: [{ ...source, tables: [{ table: "a", ...more }] }],
  });
  const permission = { role: "user", permission: { columns: "*", filter: {} } };
  const malformed: Readonly<Record<string, [unknown, { error: string; path: string }]>> = {
    "a table without a name": [
      { version: 3, sources: [source, { ...source, name: "b", tables: [{ table: "a" }, {}] }] },
      { error: "the key 'table' was not present", path: "$.args.metadata.sources[1].tables[1]" },
    ],
    "tables that are no list": [
      { version: 3, sources: [{ ...source, tables: null }] },
      {
        error: "parsing [] failed, expected Array, but encountered Null",
        path: "$.args.metadata.sources[0].tables",
      },
    ],
    "an unknown key of a table": [
      table({ permissions: [] }),
      {
        error: 'unexpected keys when parsing TableMetadata: ["permissions"]',
        path: "$.args.metadata.sources[0].tables[0]",
      },
    ],
    "two permissions of one role": [
      table({ select_permissions: [permission, permission] }),
      {
        error: "multiple declarations exist for the following select permissions: user",
        path: "$.args.metadata.sources[0].tables[0]",
      },
    ],
    "a permission without a filter": [
      table({ select_permissions: [{ role: "user", permission: { columns: "*" } }] }),
      {
        error: "the key 'filter' was not present",
        path: "$.args.metadata.sources[0].tables[0].select_permissions[0].permission",
      },
    ],
    "a collection without queries": [
      { version: 3, sources: [], query_collections: [{ name: "q" }] },
      {
        error: "the key 'definition' was not present",
        path: "$.args.metadata.query_collections[0]",
      },
    ],
    "two actions of one name": [
      {
        version: 3,
        sources: [],
        actions: Array.from({ length: 2 }, () => ({
          name: "a",
          definition: { handler: "h", output_type: "Int" },
        })),
      },
      {
        error: "multiple declarations exist for the following actions: a",
        path: "$.args.metadata",
      },
    ],
    "a mutation without a kind": [
      {
        version: 3,
        sources: [],
        actions: [{ name: "a", definition: { handler: "h", output_type: "Int", kind: "" } }],
      },
      {
        error:
          'parsing ActionMutationKind failed, expected one of the tags ["synchronous","asynchronous"], but found tag ""',
        path: "$.args.metadata.actions[0].definition.kind",
      },
    ],
  };

  test("is refused with the path of what cannot be read", async (t) => {
    const api = await startTestApi(t);
    for (const [what, [document, expected]] of Object.entries(malformed))
      assert.deepEqual(
        await replace(api, document),
        { status: 400, body: { ...expected, code: "parse-failed" } },
        what,
      );
    assert.equal((await exported(api)).resource_version, 1);
  });

  test("may have two tables of one name: the later one counts", async (t) => {
    const api = await startTestApi(t);
    await api.sql("create table a (id int)");
    const tables = [{ table: "a" }, { table: "a", select_permissions: [permission] }];
    assert.equal(
      (await replace(api, { version: 3, sources: [{ ...source, tables }] })).status,
      200,
    );
    assertIncludes((await exported(api)).metadata, {
      sources: [{ tables: [{ select_permissions: [{ role: "user" }] }] }],
    });
  });

  test("is stored by one of two writers with the same version", async (t) => {
    const api = await startTestApi(t);
    const document = { version: 3, sources: [source] };
    const answers = await Promise.all(
      [1, 2, 3].map(() => replace(api, document, {}, { resource_version: 1 })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409]);
    assert.equal((await exported(api)).resource_version, 2);
  });

  test("of the older form keeps REST endpoints and the connection, and drops other sources", async (t) => {
    const api = await startTestApi(t);
    const endpoint = {
      name: "e",
      url: "e",
      methods: ["GET"],
      definition: { query: { collection_name: "q", query_name: "one" } },
    };
    const query_collections = [
      { name: "q", definition: { queries: [{ name: "one", query: "{ a }" }] } },
    ];
    const isolated = {
      connection_info: { isolation_level: "serializable", use_prepared_statements: true },
    };
    await replace(api, {
      version: 3,
      sources: [
        { ...source, configuration: isolated },
        { ...source, kind: "mssql", name: "x" },
      ],
      query_collections,
      rest_endpoints: [endpoint],
      network: { tls_allowlist: [{ host: "h" }] },
    });
    const older = { type: "replace_metadata", args: { version: 2, tables: [], query_collections } };
    assert.equal((await api.post("/v1/metadata", older)).status, 200);
    assert.deepEqual((await exported(api)).metadata, {
      version: 3,
      sources: [{ name: "default", kind: "postgres", tables: [], configuration: isolated }],
      query_collections,
      rest_endpoints: [endpoint],
    });
  });

  test("does not touch cron triggers that are not part of the metadata", async (t) => {
    const api = await startTestApi(t);
    const trigger = { name: "c", webhook: "http://x", schedule: "* * * * *" };
    await api.post("/v1/metadata", { type: "create_cron_trigger", args: trigger });
    assert.ok(!JSON.stringify((await exported(api)).metadata).includes("cron_triggers"));
    await replace(api, { version: 3, sources: [source] });
    const clash = { ...trigger, include_in_metadata: true };
    assertIncludes(await replace(api, { version: 3, sources: [source], cron_triggers: [clash] }), {
      status: 400,
      body: { code: "already-exists" },
    });
  });

  test("with a strange name of an event trigger is a warning, which can be refused", async (t) => {
    const api = await startTestApi(t);
    await api.sql("create table a (id int)");
    const trigger = {
      name: "a b",
      definition: { insert: { columns: "*" } },
      retry_conf: { num_retries: 0, interval_sec: 10 },
      webhook: "http://localhost",
    };
    const document = table({ event_triggers: [trigger] });
    assertIncludes(await replace(api, document, { allow_warnings: false }), {
      status: 400,
      body: { code: "metadata-warnings", path: "$.args" },
    });
    assertIncludes(await replace(api, document), {
      status: 200,
      body: { is_consistent: true, warnings: [{ type: "event_trigger" }] },
    });
  });
});
