import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import type { JsonPath } from "../../src/metadata/document/places.ts";
import { objectLabel, objectsOf } from "../../src/metadata/document/objects.ts";
import { placeText } from "../../src/metadata/problem.ts";
import { projectOnDisk } from "../engine/support/run.ts";
import { readIn } from "./support/read.ts";

const files = {
  "config.yaml": "version: 3\n",
  "metadata/version.yaml": "version: 3\n",
  "metadata/databases/databases.yaml": `- name: default
  kind: postgres
  configuration: {}
  tables: "!include tables.yaml"
  functions:
    - function: {schema: public, name: search}
      permissions: [{role: user}]
`,
  "metadata/databases/tables.yaml": `- "!include users.yaml"
- table: {schema: public, name: orders}
  select_permissions: &perms
    - role: user
      permission: {columns: [id, "größe", total], filter: {}}
  insert_permissions: *perms
`,
  "metadata/databases/users.yaml": `table: {schema: public, name: users}
object_relationships:
  - name: team
array_relationships:
  - name: orders
event_triggers:
  - name: welcome
computed_fields:
  - name: full_name
`,
  "metadata/remote_schemas.yaml": "- name: billing\n  permissions:\n  - role: user\n",
  "metadata/cron_triggers.yaml": "\n# at night\n- name: nightly\n",
  "metadata/rest_endpoints.yaml": "- name: ping\n",
  "metadata/query_collections.yaml": "- name: allowed\n",
  "metadata/allow_list.yaml": "- collection: allowed\n",
  "metadata/inherited_roles.yaml": "- role_name: manager\n",
  "metadata/actions.graphql": `type Mutation {
  login(name: String!): Token
}
type Query { ping: String }
"""of a login"""
type Token { value: String }
`,
  "metadata/actions.yaml": `actions:
  - name: login
    definition:
      handler: https://example.com
    permissions:
      - role: user
custom_types:
  objects:
    - name: Token
      relationships: []
`,
};

async function documentIn(t: TestContext) {
  const { document, problems } = await readIn(await projectOnDisk(t, files));
  if (document === undefined) throw new Error(JSON.stringify(problems));
  return document;
}

describe("the positions of a project's metadata in its files", () => {
  test("every object has a position", async (t) => {
    const document = await documentIn(t);
    const places = objectsOf(document.value).map((object) => {
      const place = document.placeOf(object.path);
      return `${objectLabel(object)} · ${place ? placeText(place).replace("metadata/", "") : "?"}`;
    });
    const users = "of table public.users in source default · databases/users.yaml";
    const orders = "of table public.orders in source default · databases/tables.yaml";
    assert.deepEqual(places, [
      "source default · databases/databases.yaml:1:3",
      "table public.users in source default · databases/users.yaml:1:1",
      `object relationship team ${users}:3:5`,
      `array relationship orders ${users}:5:5`,
      `computed field full_name ${users}:9:5`,
      `event trigger welcome ${users}:7:5`,
      "table public.orders in source default · databases/tables.yaml:2:3",
      `select permission user ${orders}:4:7`,
      `insert permission user ${orders}:4:7`,
      "function public.search in source default · databases/databases.yaml:6:7",
      "function permission user of function public.search in source default · databases/databases.yaml:7:21",
      "action login · actions.yaml:2:5",
      "action permission user of action login · actions.yaml:6:9",
      "action ping · actions.graphql:4:14",
      "remote schema billing · remote_schemas.yaml:1:3",
      "remote schema permission user of remote schema billing · remote_schemas.yaml:3:5",
      "query collection allowed · query_collections.yaml:1:3",
      "allow list entry allowed · allow_list.yaml:1:3",
      "cron trigger nightly · cron_triggers.yaml:3:3",
      "REST endpoint ping · rest_endpoints.yaml:1:3",
      "inherited role manager · inherited_roles.yaml:1:3",
      "object type Token · actions.graphql:6:6",
    ]);
  });

  const values: readonly (readonly [JsonPath, string])[] = [
    [["version"], "version.yaml:1:1"],
    [["sources", 0, "configuration"], "databases/databases.yaml:3:3"],
    [["sources", 0, "tables"], "databases/tables.yaml:1:1"],
    [
      ["sources", 0, "tables", 1, "select_permissions", 0, "permission", "columns", 2],
      "databases/tables.yaml:5:43",
    ],
    [["sources", 0, "tables", 0, "select_permissions"], "databases/users.yaml:1:1"],
    [["actions", 0, "definition", "handler"], "actions.yaml:4:7"],
    [["actions", 0, "definition", "arguments", 0, "type"], "actions.graphql:2:9"],
    [["custom_types", "objects", 0, "fields", 0], "actions.graphql:6:14"],
    [["custom_types", "objects", 0, "relationships"], "actions.yaml:10:7"],
  ];
  for (const [path, expected] of values)
    test(path.join("."), async (t) => {
      const place = (await documentIn(t)).placeOf(path);
      assert.equal(place && placeText(place), `metadata/${expected}`);
    });

  test("a value that is in no file has no position", async (t) => {
    const document = await documentIn(t);
    assert.equal(document.placeOf(["opentelemetry", "status"]), undefined);
  });
});
