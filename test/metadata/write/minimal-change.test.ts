import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  isJsonList,
  isJsonMap,
  type Json,
  type JsonMap,
} from "../../../src/metadata/document/json.ts";
import type { MetadataLayout } from "../../../src/metadata/project/metadata-files.ts";
import { MetadataFailure } from "../../../src/metadata/problem.ts";
import { documentIn, exported, v2, v3, type Texts } from "./support/export.ts";

const orders = `# Orders of customers.
table: {schema: public, name: orders}
select_permissions:
# Everybody who is logged in.
- role: user
  permission:
    columns: [id,   total] # no notes
    filter: {}
    allow_aggregations: false   # the default
- role: support
  permission:
    columns:
    - id
    # internal
    - note
    filter:
      deleted_at:
        _is_null: true
`;
const users = `table:
    schema: public
    name: users
`;
const project: Texts = {
  "metadata/version.yaml": "version: 3 # do not change\n",
  "metadata/databases/databases.yaml": `# The only database.
- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url: {from_env: "PG_DATABASE_URL"}
  tables: "!include default/tables/tables.yaml"
`,
  "metadata/databases/default/tables/tables.yaml": `- "!include public_orders.yaml"
- !include people/users.yaml
`,
  "metadata/databases/default/tables/public_orders.yaml": orders,
  "metadata/databases/default/tables/people/users.yaml": users,
};

type Path = readonly (string | number)[];

/** The document with another value at a path; undefined removes it. */
function changed(value: Json, path: Path, to: Json | undefined): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  if (isJsonList(value))
    return value.flatMap((item, index) =>
      index === key ? (changed(item, rest, to) ?? []) : [item],
    );
  if (!isJsonMap(value)) throw new Error(`there is no ${String(key)}`);
  const inner = changed(value[key] ?? null, rest, to);
  if (inner !== undefined) return { ...value, [key]: inner };
  return Object.fromEntries(Object.entries(value).filter(([each]) => each !== key));
}

/** The files that differ after an export of the project's own document with one change, and their new texts. */
async function after(
  texts: Texts,
  path: Path,
  to: Json | undefined,
  layout: MetadataLayout = v3,
): Promise<Record<string, string | undefined>> {
  const document: JsonMap = Object.fromEntries(
    Object.entries(changed(await documentIn(texts, layout), path, to) ?? {}),
  );
  const { changes, lost } = await exported(texts, document, layout);
  assert.deepEqual(lost, []);
  return Object.fromEntries(changes.map(({ path: file, after: text }) => [file, text]));
}

const table = ["sources", 0, "tables", 0] as const;
const ordersFile = "metadata/databases/default/tables/public_orders.yaml";

describe("what does not differ keeps its text", () => {
  test("nothing is changed where the server has the same in its own form", async () => {
    const server = {
      version: 3,
      sources: [
        {
          name: "default",
          kind: "postgres",
          tables: [
            { table: { name: "users", schema: "public" } },
            {
              table: { name: "orders", schema: "public" },
              select_permissions: [
                {
                  role: "support",
                  permission: {
                    columns: ["note", "id"],
                    filter: { deleted_at: { _is_null: true } },
                  },
                },
                { role: "user", permission: { columns: ["id", "total"], filter: {} } },
              ],
            },
          ],
          configuration: {
            connection_info: {
              ...{ database_url: { from_env: "PG_DATABASE_URL" }, use_prepared_statements: false },
              isolation_level: "read-committed",
            },
          },
        },
      ],
    };
    assert.deepEqual((await exported(project, server, v3)).changes, []);
  });

  test("one more column", async () => {
    const path = [...table, "select_permissions", 1, "permission", "columns"];
    assert.deepEqual(await after(project, path, ["note", "total", "id"]), {
      [ordersFile]: orders.replace("    - note\n", "    - note\n    - total\n"),
    });
  });

  test("another row filter", async () => {
    const path = [...table, "select_permissions", 1, "permission", "filter"];
    assert.deepEqual(await after(project, path, { deleted_at: { _is_null: false } }), {
      [ordersFile]: orders.replace("_is_null: true", "_is_null: false"),
    });
  });

  test("a value in braces is rewritten, and keeps the comment after it", async () => {
    const path = [...table, "select_permissions", 0, "permission", "columns"];
    assert.deepEqual(await after(project, path, ["id"]), {
      [ordersFile]: orders.replace(" [id,   total] #", "\n      - id #"),
    });
  });

  test("a removed permission is deleted with its comment", async () => {
    assert.deepEqual(await after(project, [...table, "select_permissions", 1], undefined), {
      [ordersFile]: orders.slice(0, orders.indexOf("- role: support")),
    });
  });

  test("an added key is in the place where the server has it", async () => {
    assert.deepEqual(
      await after(project, [...table, "select_permissions", 1, "comment"], "for the team"),
      { [ordersFile]: `${orders}  comment: for the team\n` },
    );
  });

  test("a list of objects that is new", async () => {
    const relationship = { name: "user", using: { foreign_key_constraint_on: "user_id" } };
    assert.deepEqual(await after(project, [...table, "object_relationships"], [relationship]), {
      [ordersFile]: `${orders}object_relationships:
  - name: user
    using:
      foreign_key_constraint_on: user_id
`,
    });
  });

  test("a removed table is deleted with its file and its entry", async () => {
    assert.deepEqual(await after(project, ["sources", 0, "tables", 1], undefined), {
      "metadata/databases/default/tables/people/users.yaml": undefined,
      "metadata/databases/default/tables/tables.yaml": '- "!include public_orders.yaml"\n',
    });
  });

  test("a table that is new gets a file beside the others", async () => {
    const items = { table: { schema: "public", name: "items" } };
    assert.deepEqual(await after(project, [...table], [items, ...[await tableOf(project)]]), {
      "metadata/databases/default/tables/people/public_items.yaml":
        "table:\n  schema: public\n  name: items\n",
      "metadata/databases/default/tables/tables.yaml": `- "!include people/public_items.yaml"
- "!include public_orders.yaml"
- !include people/users.yaml
`,
    });
  });

  test("tables in one file stay in one file", async () => {
    const one: Texts = {
      ...project,
      "metadata/databases/default/tables/tables.yaml": `# all of them
- table: {schema: public, name: a}

- table: {schema: public, name: c} # the last
`,
    };
    const c = { table: { schema: "public", name: "c" } };
    const b = { table: { schema: "public", name: "b" } };
    assert.deepEqual(await after(one, ["sources", 0, "tables", 1], [b, c]), {
      "metadata/databases/default/tables/tables.yaml": `# all of them
- table: {schema: public, name: a}
- table:
    schema: public
    name: b

- table: {schema: public, name: c} # the last
`,
    });
  });

  test("lines that end with a carriage return keep it", async () => {
    const windows = Object.fromEntries(
      Object.entries(project).map(([path, text]) => [path, text.replaceAll("\n", "\r\n")]),
    );
    const path = [...table, "select_permissions", 1, "comment"];
    assert.deepEqual(await after(windows, path, "x"), {
      [ordersFile]: `${orders}  comment: x\n`.replaceAll("\n", "\r\n"),
    });
  });
});

async function tableOf(texts: Texts): Promise<Json> {
  const { sources } = await documentIn(texts, v3);
  const [source] = isJsonList(sources) ? sources : [];
  const tables = isJsonMap(source) ? source["tables"] : undefined;
  return (isJsonList(tables) ? tables[0] : undefined) ?? null;
}

describe("shared and repeated parts", () => {
  const permission = "- role: user\n  permission:\n    columns: [id]\n    filter: {}\n";
  const tables = (first: string, second: string): string =>
    `- table: {schema: public, name: a}\n  select_permissions: ${first}\n- table: {schema: public, name: b}\n  select_permissions: ${second}\n`;
  const shared: Texts = {
    "metadata/version.yaml": "version: 3\n",
    "metadata/databases/databases.yaml":
      "- name: default\n  kind: postgres\n  configuration: {}\n  tables: !include tables.yaml\n",
    "metadata/databases/tables.yaml": tables("!include user.yaml", "!include user.yaml"),
    "metadata/databases/user.yaml": permission,
  };
  const wider = [{ role: "user", permission: { columns: ["id", "name"], filter: {} } }];

  test("a file that is included twice changes if both places do", async () => {
    const document = await documentIn(shared, v3);
    const once =
      changed(document, ["sources", 0, "tables", 0, "select_permissions"], wider) ?? null;
    const both = changed(once, ["sources", 0, "tables", 1, "select_permissions"], wider);
    const { changes } = await exported(shared, Object.fromEntries(Object.entries(both ?? {})), v3);
    assert.deepEqual(
      changes.map(({ path }) => path),
      ["metadata/databases/user.yaml"],
    );
  });

  test("otherwise the place that changes gets a value of its own", async () => {
    assert.deepEqual(
      await after(shared, ["sources", 0, "tables", 0, "select_permissions"], wider),
      {
        "metadata/databases/tables.yaml": tables(
          "\n    - role: user\n      permission:\n        columns:\n          - id\n          - name\n        filter: {}",
          "!include user.yaml",
        ).replace(": \n", ":\n"),
      },
    );
  });

  test("a file outside of the metadata directory is left as it is", async () => {
    const outside: Texts = {
      ...shared,
      "metadata/databases/tables.yaml": tables("!include ../../user.yaml", "[]"),
      "user.yaml": permission,
    };
    const files = await after(outside, ["sources", 0, "tables", 0, "select_permissions"], wider);
    assert.deepEqual(Object.keys(files), ["metadata/databases/tables.yaml"]);
  });

  test("a value with an anchor does not change where its alias stands", async () => {
    const aliased: Texts = {
      ...shared,
      "metadata/databases/tables.yaml": tables(
        "&user\n  - role: user\n    permission: {columns: [id], filter: {}}",
        "*user",
      ),
    };
    const path = ["sources", 0, "tables", 0, "select_permissions"];
    const files = await after(aliased, path, wider);
    const again = await documentIn({ ...aliased, ...defined(files) }, v3);
    const before = await documentIn(aliased, v3);
    assert.deepEqual(again, changed(before, path, wider));
  });
});

function defined(files: Readonly<Record<string, string | undefined>>): Texts {
  return Object.fromEntries(
    Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])),
  );
}

describe("actions", () => {
  const sdl = `# Who somebody is.
type Query {
  me: User # no arguments
  other(id: Int = 1): User
}

type User {
  id: Int! # the key
}
`;
  const yaml = `actions:
# the first
- name: me
  definition: {handler: "{{ME}}"}
- name: other
  definition:
    handler: '{{OTHER}}'
custom_types:
  objects:
  - name: User
`;
  const files: Texts = {
    "metadata/version.yaml": "version: 3\n",
    "metadata/databases/databases.yaml": "[]\n",
    "metadata/actions.graphql": sdl,
    "metadata/actions.yaml": yaml,
  };

  test("another handler changes only actions.yaml", async () => {
    assert.deepEqual(await after(files, ["actions", 1, "definition", "handler"], "{{NEW}}"), {
      "metadata/actions.yaml": yaml.replace("'{{OTHER}}'", "'{{NEW}}'"),
    });
  });

  test("another type changes only actions.graphql", async () => {
    assert.deepEqual(await after(files, ["actions", 0, "definition", "output_type"], "User!"), {
      "metadata/actions.graphql": sdl.replace("me: User #", "me: User! #"),
    });
  });

  test("an action that the files cannot contain is an error, and removes no file", async () => {
    const named = (name: string): JsonMap => ({
      ...{ version: 3, sources: [] },
      actions: [{ name, definition: { handler: "{{ME}}", output_type: "Int" } }],
    });
    assert.equal((await exported(files, named("me"), v3)).lost.length, 0);
    await assert.rejects(exported(files, named("not a name"), v3), MetadataFailure);
  });

  test("an action that is removed, and one that is new", async () => {
    const added = {
      name: "login",
      definition: {
        ...{ kind: "synchronous", type: "mutation", handler: "{{LOGIN}}", output_type: "User" },
        arguments: [{ name: "name", type: "String!", description: null }],
      },
    };
    assert.deepEqual(await after(files, ["actions", 1], [added]), {
      "metadata/actions.graphql": `# Who somebody is.
type Query {
  me: User # no arguments
}

type Mutation {
  login(
    name: String!
  ): User
}

type User {
  id: Int! # the key
}
`,
      "metadata/actions.yaml": `actions:
# the first
- name: me
  definition: {handler: "{{ME}}"}
- name: login
  definition:
    kind: synchronous
    handler: '{{LOGIN}}'
custom_types:
  objects:
  - name: User
`,
    });
  });
});

describe("other layouts", () => {
  test("config version 2 has tables.yaml, and no other databases", async () => {
    const texts: Texts = {
      "metadata/tables.yaml": "# tables\n- table: {schema: public, name: a}\n",
    };
    const b = { table: { schema: "public", name: "b" } };
    const a = { table: { schema: "public", name: "a" }, is_enum: true };
    const server = {
      version: 3,
      sources: [
        { name: "default", kind: "postgres", configuration: {}, tables: [a, b] },
        { name: "analytics", kind: "postgres", configuration: {}, tables: [] },
      ],
      inherited_roles: [],
    };
    const { changes, leftOut, lost } = await exported(texts, server, v2);
    assert.deepEqual(lost, []);
    assert.deepEqual(leftOut, ["the database analytics", "inherited_roles"]);
    assert.deepEqual(
      changes.map(({ path, after: text }) => [path, text]),
      [
        [
          "metadata/tables.yaml",
          "# tables\n- table: {schema: public, name: a}\n  is_enum: true\n- table:\n    schema: public\n    name: b\n",
        ],
      ],
    );
  });

  for (const [file, text, expected] of [
    [
      "metadata.yaml",
      "version: 3 # all\nsources: []\ncron_triggers:\n- name: a # daily\n  schedule: 0 0 * * *\n",
      "version: 3 # all\nsources: []\ncron_triggers:\n- name: a # daily\n  schedule: 0 1 * * *\n",
    ],
    [
      "metadata.json",
      '{"version": 3, "sources": [], "cron_triggers": [{"name": "a", "schedule": "0 0 * * *"}]}',
      `${JSON.stringify({ version: 3, sources: [], cron_triggers: [{ name: "a", schedule: "0 1 * * *" }] }, null, 2)}\n`,
    ],
  ] as const)
    test(`a single file, ${file}`, async () => {
      const layout = { configVersion: 3, directory: "metadata", file } as const;
      const files = { [file]: text };
      assert.deepEqual(await after(files, [], await documentIn(files, layout), layout), {});
      const path = ["cron_triggers", 0, "schedule"];
      assert.deepEqual(await after(files, path, "0 1 * * *", layout), { [file]: expected });
    });
});
