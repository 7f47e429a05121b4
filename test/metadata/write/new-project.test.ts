import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import * as z from "zod";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { documentIn, exported, v3 } from "./support/export.ts";

const Cases = z.array(
  z.object({
    name: z.string(),
    files: z.record(z.string(), z.string()),
    expected: z.union([
      z.object({ metadata: z.record(z.string(), z.json()) }),
      z.object({ errorContains: z.string() }),
    ]),
  }),
);
const path = new URL("../../fixtures/conformance/metadata.json", import.meta.url);
const cases = Cases.parse(JSON.parse(readFileSync(path, "utf8")));

const other: ReadonlySet<string> = new Set(["config-v2", "v3-source-missing-keys"]);

describe("an export to an empty directory", () => {
  for (const { name, expected } of cases) {
    // Config version 2, and a document that the server would not have.
    if (!("metadata" in expected) || other.has(name)) continue;
    test(`contains what ${name} contains`, async () => {
      const document: JsonMap = { ...expected.metadata, version: 3 };
      const { files, lost } = await exported({}, document, v3);
      assert.deepEqual(lost, []);
      const again = await documentIn(files, v3);
      for (const [key, value] of Object.entries(document)) assert.deepEqual(again[key], value, key);
    });
  }
});

test("the files of an export to an empty directory, as the Hasura CLI writes them", async () => {
  const document: JsonMap = {
    version: 3,
    sources: [
      {
        name: "default",
        kind: "postgres",
        tables: [
          {
            table: { name: "orders", schema: "public" },
            select_permissions: [
              {
                role: "user",
                permission: {
                  columns: ["id"],
                  filter: { user_id: { _eq: "X-Hasura-User-Id" } },
                },
                comment: "*",
              },
            ],
          },
        ],
        functions: [{ function: { name: "search", schema: "public" } }],
        configuration: { connection_info: { database_url: { from_env: "URL" } } },
        customization: {},
      },
    ],
    actions: [
      {
        name: "login",
        definition: {
          handler: "{{LOGIN}}",
          output_type: "Session",
          arguments: [{ name: "name", type: "String!", description: "of the user" }],
          type: "mutation",
          kind: "synchronous",
        },
        permissions: [{ role: "anonymous" }],
      },
    ],
    custom_types: {
      objects: [{ name: "Session", fields: [{ name: "token", type: "String" }] }],
      enums: [{ name: "Kind", description: "which", values: [{ value: "A" }] }],
    },
    query_collections: [
      { name: "q", definition: { queries: [{ name: "a", query: "query {\n  a\n}" }] } },
    ],
  };
  const { files } = await exported({}, document, v3);
  assert.deepEqual(files, {
    "metadata/version.yaml": "version: 3\n",
    "metadata/databases/databases.yaml": `- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: URL
  customization: {}
  tables: "!include default/tables/tables.yaml"
  functions: "!include default/functions/functions.yaml"
`,
    "metadata/databases/default/tables/tables.yaml": '- "!include public_orders.yaml"\n',
    "metadata/databases/default/tables/public_orders.yaml": `table:
  name: orders
  schema: public
select_permissions:
  - role: user
    permission:
      columns:
        - id
      filter:
        user_id:
          _eq: X-Hasura-User-Id
    comment: '*'
`,
    "metadata/databases/default/functions/functions.yaml": '- "!include public_search.yaml"\n',
    "metadata/databases/default/functions/public_search.yaml":
      "function:\n  name: search\n  schema: public\n",
    "metadata/actions.graphql": `type Mutation {
  login(
    """ of the user """ name: String!
  ): Session
}

""" which """ enum Kind {
  A
}

type Session {
  token: String
}

`,
    "metadata/actions.yaml": `actions:
  - name: login
    definition:
      kind: synchronous
      handler: '{{LOGIN}}'
    permissions:
      - role: anonymous
custom_types:
  enums:
    - name: Kind
      description: which
      values:
        - value: A
  input_objects: []
  objects:
    - name: Session
  scalars: []
`,
    "metadata/query_collections.yaml": `- name: q
  definition:
    queries:
      - name: a
        query: |-
          query {
            a
          }
`,
    "metadata/remote_schemas.yaml": "[]\n",
    "metadata/allow_list.yaml": "[]\n",
    "metadata/cron_triggers.yaml": "[]\n",
    "metadata/rest_endpoints.yaml": "[]\n",
    "metadata/inherited_roles.yaml": "[]\n",
    "metadata/network.yaml": "{}\n",
    "metadata/opentelemetry.yaml": "{}\n",
    "metadata/backend_configs.yaml": "{}\n",
    "metadata/api_limits.yaml": "{}\n",
    "metadata/metrics_config.yaml": "{}\n",
    "metadata/graphql_schema_introspection.yaml": "disabled_for_roles: []\n",
  });
});

describe("an export to a single file", () => {
  const document: JsonMap = { version: 3, sources: [] };
  for (const [what, files] of [
    ["does not exist", {}],
    ["is empty, as the Hasura CLI creates it", { "all.yaml": "" }],
  ] as const)
    test(`that ${what} writes it`, async () => {
      const layout = { ...v3, file: "all.yaml" };
      const { changes } = await exported(files, document, layout);
      const before = { ...("all.yaml" in files && { before: "" }) };
      assert.deepEqual(changes, [
        { path: "all.yaml", ...before, after: "version: 3\nsources: []\n" },
      ]);
    });
});
