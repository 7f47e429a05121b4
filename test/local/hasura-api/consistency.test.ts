import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { startTestApi, type TestApi } from "../../support/hasura-api.ts";

const schema = `
create table authors (id int primary key, name text, profile json);
create table articles (id int primary key, author_id int references authors, title text, editor_id int);
create function full_name(a authors) returns text language sql stable as 'select a.name';
create function articles_of(a authors) returns setof articles language sql stable as 'select * from articles where author_id = a.id';
create function search(term text) returns setof articles language sql stable as 'select * from articles';
create function now_text() returns text language sql stable as 'select now()::text';
create table moods (name text primary key); insert into moods values ('true'), ('not so good'), ('fine');
create table empty (name text primary key, comment text);
create table good (name text primary key, comment text); insert into good values ('fine', 'Fine.');
create table two (a text, b text, primary key (a, b));
create table sizes (name text primary key); insert into sizes values ('large'), ('small');
create table things (id int primary key, feeling text references good, size text references good references sizes);`;

const Answer = z.object({
  is_consistent: z.boolean(),
  inconsistent_objects: z.array(z.record(z.string(), z.unknown())),
});

interface Project {
  /** Parts of the entries of the two tables. */
  readonly authors?: object;
  readonly articles?: object;
  /** Other keys of the source. */
  readonly source?: object;
  /** Other keys of the document. */
  readonly more?: object;
}

const metadata = ({ authors = {}, articles = {}, source = {}, more = {} }: Project): object => ({
  version: 3,
  sources: [
    {
      name: "default",
      kind: "postgres",
      configuration: {},
      tables: [
        { table: "authors", ...authors },
        { table: "articles", ...articles },
      ],
      ...source,
    },
  ],
  ...more,
});

async function apply(
  t: TestContext,
  project: Project,
  env: Record<string, string> = {},
): Promise<Record<string, unknown>[]> {
  const api = await startTestApi(t, { env });
  await api.sql(schema);
  return await replace(api, metadata(project));
}

async function replace(api: TestApi, document: object): Promise<Record<string, unknown>[]> {
  const { status, body } = await api.post("/v1/metadata", {
    type: "replace_metadata",
    version: 2,
    args: { allow_inconsistent_metadata: true, metadata: document },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return Answer.parse(body).inconsistent_objects;
}

const byKey = (column: string) => ({ foreign_key_constraint_on: column });
const author = { name: "author", using: byKey("author_id") };
const articlesOfAuthor = {
  name: "articles",
  using: { foreign_key_constraint_on: { table: "articles", column: "author_id" } },
};
const select = (permission: object) => ({
  select_permissions: [{ role: "user", permission: { columns: "*", filter: {}, ...permission } }],
});
const trigger = (definition: object, more: object = {}) => ({
  event_triggers: [
    {
      name: "changed",
      definition,
      retry_conf: { num_retries: 0, interval_sec: 10 },
      webhook: "http://localhost",
      ...more,
    },
  ],
});

describe("metadata is consistent", () => {
  test("with everything that the database has", async (t) => {
    const found = await apply(
      t,
      {
        authors: {
          array_relationships: [articlesOfAuthor],
          computed_fields: [
            { name: "full", definition: { function: "full_name" } },
            { name: "works", definition: { function: "articles_of" } },
          ],
          ...select({
            computed_fields: ["full"],
            filter: {
              _or: [
                { articles: { title: { _eq: "x" }, author: { id: { _ceq: ["$", "id"] } } } },
                { works: { title: { _like: "%" } } },
                { _exists: { _table: "articles", _where: { id: { _gt: 1 } } } },
              ],
            },
          }),
          insert_permissions: [
            { role: "user", permission: { check: { id: "X-Hasura-User-Id" }, set: { name: "n" } } },
          ],
          ...trigger({ insert: { columns: "*" }, update: { columns: ["name"] } }),
        },
        articles: { object_relationships: [author] },
        source: { functions: [{ function: "search" }] },
        more: {
          inherited_roles: [{ role_name: "both", role_set: ["user"] }],
          custom_types: {
            objects: [
              {
                name: "Result",
                fields: [{ name: "id", type: "Int!" }],
                relationships: [
                  {
                    name: "author",
                    type: "object",
                    remote_table: "authors",
                    field_mapping: { id: "id" },
                  },
                ],
              },
            ],
          },
          actions: [
            { name: "act", definition: { handler: "{{BASE}}/act", output_type: "Result" } },
          ],
          cron_triggers: [
            { name: "c", webhook: "http://x", schedule: "* * * * *", include_in_metadata: true },
          ],
          query_collections: [
            { name: "q", definition: { queries: [{ name: "one", query: "{ authors { id } }" }] } },
          ],
          rest_endpoints: [
            {
              name: "e",
              url: "e/:id",
              methods: ["GET"],
              definition: { query: { collection_name: "q", query_name: "one" } },
            },
          ],
        },
      },
      { BASE: "http://localhost" },
    );
    assert.deepEqual(found, []);
  });
});

/** A project, and what is inconsistent in it: the name and the reason of each object. */
const cases: Readonly<Record<string, { project: Project; found: [string, string][] }>> = {
  "a table that does not exist": {
    project: { source: { tables: [{ table: { schema: "app", name: "gone" } }] } },
    found: [
      ["table app.gone in source default", 'no such table/view exists in source: "app.gone"'],
    ],
  },
  "a relationship on a column without a foreign key": {
    project: {
      articles: { object_relationships: [{ name: "editor", using: byKey("editor_id") }] },
    },
    found: [
      [
        "object_relation editor in table articles in source default",
        'in table "articles": in relationship "editor": no foreign constraint exists on the given column(s)',
      ],
    ],
  },
  "a relationship to a table that is not tracked": {
    project: {
      source: {
        tables: [
          {
            table: "articles",
            object_relationships: [author],
            ...select({ filter: { author: { id: { _eq: 1 } } } }),
          },
        ],
      },
    },
    found: [
      [
        "select_permission user in table articles in source default",
        'in table "articles": in permission for role "user": table "authors" does not exist',
      ],
      [
        "object_relation author in table articles in source default",
        'table "authors" is not tracked',
      ],
    ],
  },
  "a relationship from a table that is not tracked": {
    project: {
      source: { tables: [{ table: "authors", array_relationships: [articlesOfAuthor] }] },
    },
    found: [
      [
        "array_relation articles in table authors in source default",
        'in table "authors": in relationship "articles": table "articles" does not exist in source: default',
      ],
    ],
  },
  "a relationship by hand on columns that do not exist, and the permission that uses it": {
    project: {
      authors: {
        array_relationships: [
          {
            name: "works",
            using: {
              manual_configuration: {
                remote_table: "articles",
                column_mapping: { nope: "author_id" },
              },
            },
          },
        ],
        ...select({ filter: { works: { id: { _eq: 1 } } } }),
      },
    },
    found: [
      [
        "array_relation works in table authors in source default",
        'table "authors" has no field named "nope"',
      ],
      [
        "select_permission user in table authors in source default",
        'table "authors" has no field named "works"',
      ],
    ],
  },
  "a permission on a column that does not exist": {
    project: { authors: select({ columns: ["id", "age"] }) },
    found: [
      [
        "select_permission user in table authors in source default",
        'in table "authors": in permission for role "user": column "age" does not exist',
      ],
    ],
  },
  "a filter with a field that does not exist": {
    project: { authors: select({ filter: { _and: [{ articles: {} }] } }) },
    found: [
      [
        "select_permission user in table authors in source default",
        'in table "authors": in permission for role "user": "articles" does not exist',
      ],
    ],
  },
  "a filter with an operator that does not exist": {
    project: { authors: select({ filter: { id: { _equals: 1 } } }) },
    found: [
      [
        "select_permission user in table authors in source default",
        'in table "authors": in permission for role "user": Unknown operator: _equals',
      ],
    ],
  },
  "a comparison and a preset with values of other types": {
    project: {
      authors: {
        ...select({ filter: { id: { _ilike: "1" } } }),
        insert_permissions: [{ role: "user", permission: { check: {}, set: { id: true } } }],
      },
    },
    found: [
      [
        "insert_permission user in table authors in source default",
        'in table "authors": in permission for role "user": parsing Integer expected for input type: PGInteger failed, expected Number, but encountered Boolean',
      ],
      [
        "select_permission user in table authors in source default",
        'in table "authors": in permission for role "user":  is of type "integer"; this operator works only on columns of type "varchar", "text", "citext", "bpchar"',
      ],
    ],
  },
  "tables that cannot be enums": {
    project: {
      source: {
        tables: [
          { table: "articles", is_enum: true },
          { table: "moods", is_enum: true },
          { table: "empty", is_enum: true },
          { table: "good", is_enum: true },
          { table: "two", is_enum: true },
        ],
      },
    },
    found: [
      [
        "table articles in source default",
        'the table "articles" cannot be used as an enum for the following reasons:\n  • the table’s primary key ("id") must have type "text", not type "integer"\n  • the table must have exactly one primary key and optionally one comment column, not 4 columns (author_id, editor_id, id, title)\n',
      ],
      [
        "table empty in source default",
        'the table "empty" cannot be used as an enum because the table must have at least one row',
      ],
      [
        "table moods in source default",
        'the table "moods" cannot be used as an enum because the values "not so good" and "true" are not valid GraphQL enum value names',
      ],
      [
        "table two in source default",
        'the table "two" cannot be used as an enum for the following reasons:\n  • the table’s primary key must not span multiple columns (a, b)\n  • the table must have exactly one primary key and optionally one comment column, not 2 columns (a, b)\n',
      ],
    ],
  },
  "values that an enum does not have, and operators that it does not know": {
    project: {
      source: {
        tables: [
          { table: "good", is_enum: true, configuration: { custom_name: "Mood" } },
          {
            table: "things",
            select_permissions: [
              {
                role: "user",
                permission: { columns: ["id"], filter: { feeling: { _in: ["fine", "bad"] } } },
              },
              {
                role: "clerk",
                permission: { columns: ["id"], filter: { feeling: { _like: "f%" } } },
              },
              {
                role: "owner",
                permission: {
                  columns: ["id"],
                  filter: {
                    _or: [{ feeling: { _eq: "fine" } }, { feeling: { _eq: "X-Hasura-Mood" } }],
                  },
                },
              },
            ],
            update_permissions: [
              { role: "user", permission: { columns: [], filter: {}, set: { feeling: "not so" } } },
              { role: "owner", permission: { columns: [], filter: {}, set: { feeling: null } } },
            ],
          },
        ],
      },
    },
    found: [
      [
        "select_permission clerk in table things in source default",
        'in table "things": in permission for role "clerk":  is of type "Mood"; this operator works only on columns of type "varchar", "text", "citext", "bpchar"',
      ],
      [
        "select_permission user in table things in source default",
        'in table "things": in permission for role "user": expected one of the values "fine" for type "good", given "bad"',
      ],
      [
        "update_permission user in table things in source default",
        'in table "things": in permission for role "user": not so is not valid GraphQL name',
      ],
    ],
  },
  "a column that refers to two enums": {
    project: {
      source: {
        tables: [
          { table: "good", is_enum: true },
          { table: "sizes", is_enum: true },
          { table: "things", ...select({}) },
        ],
      },
    },
    found: [
      [
        "table things in source default",
        'column "size" in table "things" references multiple enum tables ("good", "sizes")',
      ],
    ],
  },
  "two columns with one name in the API": {
    project: { authors: { configuration: { column_config: { id: { custom_name: "name" } } } } },
    found: [
      [
        "table authors in source default",
        'the definitions of columns "id" and "name" are in conflict: they are mapped to the same field name, "name"',
      ],
    ],
  },
  "the name of a column that does not exist": {
    project: { authors: { configuration: { custom_column_names: { age: "years" } } } },
    found: [
      [
        "table authors in source default",
        'configuration was given for the column "age", but no such column exists',
      ],
    ],
  },
  "a preset of a column that does not exist": {
    project: {
      authors: {
        insert_permissions: [{ role: "user", permission: { check: {}, set: { age: 1 } } }],
      },
    },
    found: [
      [
        "insert_permission user in table authors in source default",
        'in table "authors": in permission for role "user": column "age" does not exist',
      ],
    ],
  },
  "a permission on a computed field that returns a table": {
    project: {
      authors: {
        computed_fields: [{ name: "works", definition: { function: "articles_of" } }],
        ...select({ computed_fields: ["works"] }),
      },
    },
    found: [
      [
        "select_permission user in table authors in source default",
        'in table "authors": in permission for role "user": select permissions on computed field "works" are auto-derived from the permissions on its returning table "articles" and cannot be specified manually',
      ],
    ],
  },
  "a computed field whose function does not exist": {
    project: {
      authors: { computed_fields: [{ name: "f", definition: { function: "gone" } }] },
    },
    found: [
      [
        "computed_field f in table authors in source default",
        'in table "authors": in computed field "f": no such function exists: "gone"',
      ],
    ],
  },
  "a computed field of another table": {
    project: {
      articles: { computed_fields: [{ name: "f", definition: { function: "full_name" } }] },
    },
    found: [
      [
        "computed_field f in table articles in source default",
        'in table "articles": in computed field "f": the computed field "f" cannot be added to table "articles" because first argument of the function "full_name" of type "authors" is not the table to which the computed field is being added',
      ],
    ],
  },
  "a function that does not exist, and one that returns no table": {
    project: { source: { functions: [{ function: "gone" }, { function: "now_text" }] } },
    found: [
      ["function gone in source default", 'in function "gone": no such function exists: "gone"'],
      [
        "function now_text in source default",
        'in function "now_text": the function "now_text" cannot be tracked for the following reasons:\n  • the function does not return a "COMPOSITE" type\n  • the function does not return a table\n',
      ],
    ],
  },
  "a function that returns a table which is not tracked": {
    project: { source: { tables: [], functions: [{ function: "search" }] } },
    found: [["function search in source default", 'table "articles" is not tracked']],
  },
  "an event trigger on a column that does not exist": {
    project: { authors: trigger({ update: { columns: ["age"] } }) },
    found: [
      [
        "event_trigger changed in table authors in source default",
        'table "authors" has no field named "age"',
      ],
    ],
  },
  "an event trigger whose variable is not set": {
    project: {
      authors: {
        event_triggers: [
          {
            name: "changed",
            definition: { insert: { columns: "*" } },
            retry_conf: { num_retries: 0, interval_sec: 10 },
            webhook_from_env: "HOOK",
          },
        ],
      },
    },
    found: [
      [
        "event_trigger changed in table authors in source default",
        `in table "authors": in event trigger "changed": environment variable 'HOOK' not set`,
      ],
    ],
  },
  "a relationship and a computed field of one name": {
    project: {
      authors: {
        computed_fields: [{ name: "name", definition: { function: "full_name" } }],
      },
    },
    found: [
      [
        "computed_field name in table authors in source default",
        "field definition conflicts with postgres column",
      ],
    ],
  },
  "a remote relationship to a source that does not exist": {
    project: {
      authors: {
        remote_relationships: [
          {
            name: "r",
            definition: {
              to_source: {
                source: "other",
                table: "t",
                relationship_type: "object",
                field_mapping: { id: "id" },
              },
            },
          },
        ],
      },
    },
    found: [
      [
        "remote_relationship r in table authors in source default",
        'in table "authors": in remote relationship "r": source not found: "other"',
      ],
    ],
  },
  "custom types that do not exist, and with them every action": {
    project: {
      more: {
        custom_types: { objects: [{ name: "R", fields: [{ name: "id", type: "Nope" }] }] },
        actions: [{ name: "act", definition: { handler: "http://x", output_type: "R" } }],
      },
    },
    found: [
      [
        "custom_types custom_types",
        'validation for the given custom types failed because the type "Nope" for field "id" in  object type "R" does not exist',
      ],
      ["action act", "custom types are inconsistent"],
    ],
  },
  "an action whose type does not exist, and one whose variable is not set": {
    project: {
      more: {
        actions: [
          { name: "a", definition: { handler: "http://x", output_type: "Nope" } },
          { name: "b", definition: { handler: "{{BASE}}/b", output_type: "uuid" } },
        ],
      },
    },
    found: [
      [
        "action a",
        'in action "a"; the type: "Nope" is not an object or scalar type defined in custom types',
      ],
      ["action b", 'in action "b"; Value for environment variables not found: BASE'],
    ],
  },
  "a cron trigger whose variables are not set": {
    project: {
      more: {
        cron_triggers: [
          { name: "c", webhook: "{{A}}{{B}}", schedule: "* * * * *", include_in_metadata: true },
        ],
      },
    },
    found: [
      ["cron_trigger c", "in cron trigger c: Value for environment variables not found: A, B"],
    ],
  },
  "an inherited role whose parent does not exist": {
    project: { more: { inherited_roles: [{ role_name: "both", role_set: ["user"] }] } },
    found: [
      [
        "inherited_role inherited role both",
        'in inherited role both: the following parent role(s) are not found: user which are required to construct the inherited role: "both"',
      ],
    ],
  },
  "an endpoint whose query does not exist": {
    project: {
      more: {
        rest_endpoints: [
          {
            name: "e",
            url: "e",
            methods: ["GET"],
            definition: { query: { collection_name: "q", query_name: "one" } },
          },
        ],
      },
    },
    found: [["rest_endpoint e", "in endpoint e: collection with name q does not exist"]],
  },
};

describe("metadata is inconsistent", () => {
  for (const [what, { project, found }] of Object.entries(cases))
    test(`with ${what}`, async (t) => {
      const objects = await apply(t, project);
      assert.deepEqual(
        objects.map(({ name, reason }) => [name, reason]),
        found.map(([name, reason]) => [name, `Inconsistent object: ${reason}`]),
      );
    });

  test("with two fields of one name, which are reported together", async (t) => {
    const [found] = await apply(t, {
      authors: {
        array_relationships: [{ ...articlesOfAuthor, name: "x" }],
        computed_fields: [{ name: "x", definition: { function: "full_name" } }],
      },
    });
    assert.equal(found?.["reason"], 'Conflicting objects: conflicting definitions for field "x"');
    assert.equal(z.array(z.unknown()).parse(found["objects"]).length, 2);
  });

  test("with a source that cannot be reached, with the database's message", async (t) => {
    const [found] = await apply(t, {
      more: {
        sources: [
          {
            name: "other",
            kind: "postgres",
            configuration: {
              connection_info: { database_url: "postgres://nobody@127.0.0.1:1/none" },
            },
            tables: [{ table: "t" }],
          },
        ],
      },
    });
    assert.deepEqual(
      [found?.["type"], found?.["name"], found?.["definition"], found?.["reason"]],
      ["source", "source other", "other", "Inconsistent object: connection error"],
    );
    assert.match(String(found?.["message"]), /ECONNREFUSED/);
  });

  test("with variables for webhooks that are not those of remote schemas", async (t) => {
    const api = await startTestApi(t, { handlerEnv: { BASE: "http://127.0.0.1:1" } });
    await api.sql(schema);
    const found = await replace(
      api,
      metadata({
        more: {
          actions: [{ name: "a", definition: { handler: "{{BASE}}/a", output_type: "String" } }],
          remote_schemas: [{ name: "s", definition: { url: "{{BASE}}/s" } }],
        },
      }),
    );
    assert.deepEqual(
      found.map(({ name, reason }) => [name, reason]),
      [["remote_schema s", "Inconsistent object: Value for environment variables not found: BASE"]],
    );
  });

  test("with a remote schema that does not answer, until it answers and is reloaded", async (t) => {
    let answers = false;
    const server = createServer((_request, response) => {
      response.writeHead(answers ? 200 : 503).end('{"data":{"__schema":{"queryType":{}}}}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const api = await startTestApi(t, { env: { PORT: String(port) } });
    await api.sql(schema);
    const toSchema = { remote_schema: "s", lhs_fields: ["id"], remote_field: {} };
    const found = await replace(
      api,
      metadata({
        authors: {
          remote_relationships: [{ name: "r", definition: { to_remote_schema: toSchema } }],
        },
        more: {
          remote_schemas: [{ name: "s", definition: { url: "http://127.0.0.1:{{PORT}}/" } }],
        },
      }),
    );
    assert.deepEqual(
      found.map(({ name }) => name),
      ["remote_schema s", "remote_relationship r in table authors in source default"],
    );
    assert.match(
      String(found[1]?.["reason"]),
      /in remote relationship "r": remote schema with name "s" not found/,
    );
    answers = true;
    const reload = async (args: object): Promise<unknown> =>
      z
        .object({ is_consistent: z.boolean() })
        .parse((await api.post("/v1/metadata", { type: "reload_metadata", args })).body)
        .is_consistent;
    assert.equal(await reload({ reload_remote_schemas: false }), false);
    assert.equal(await reload({ reload_remote_schemas: ["s"] }), true);
  });

  test("with objects that have the server's definitions", async (t) => {
    const found = await apply(t, {
      authors: { ...select({ columns: ["age"] }), ...trigger({ insert: { columns: ["age"] } }) },
    });
    assert.deepEqual(
      found.map(({ definition, type }) => ({ definition, type })),
      [
        {
          type: "select_permission",
          definition: {
            comment: null,
            role: "user",
            permission: {
              allow_aggregations: false,
              columns: ["age"],
              computed_fields: [],
              filter: {},
            },
            source: "default",
            table: { name: "authors", schema: "public" },
          },
        },
        {
          type: "event_trigger",
          definition: {
            table: { name: "authors", schema: "public" },
            configuration: {
              name: "changed",
              definition: { enable_manual: false, insert: { columns: ["age"] } },
              retry_conf: { interval_sec: 10, num_retries: 0 },
              webhook: "http://localhost",
            },
          },
        },
      ],
    );
  });

  test("until every inconsistent object is dropped", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    const everything = Object.values(cases).map(({ project }) => project);
    for (const project of everything) {
      await replace(api, metadata(project));
      const ask = (type: string) => api.post("/v1/metadata", { type, args: {} });
      const dropped = await ask("drop_inconsistent_metadata");
      assert.deepEqual(dropped, { status: 200, body: { message: "success" } });
      const { body } = await ask("get_inconsistent_metadata");
      assert.deepEqual(Answer.parse(body).inconsistent_objects, []);
    }
  });
});

describe("a native query", () => {
  const integer = { scalar: "integer" };
  const source = (query: object): object => ({
    logical_models: [{ name: "Row", fields: [{ name: "id", type: integer }] }],
    native_queries: [{ root_field_name: "rows", returns: "Row", ...query }],
  });
  const id = { type: "integer" };

  test("is consistent if the database can prepare it", async (t) => {
    const code = "select id, name from authors where id = {{id}} or {{id}} is null -- all;\n; ";
    assert.deepEqual(await apply(t, { source: source({ code, arguments: { id } }) }), []);
  });

  const refused: readonly (readonly [query: object, reason: string, message?: unknown])[] = [
    [{ code: "select id from gone" }, "Failed to validate query", 'relation "gone" does not exist'],
    [
      { code: "select name from authors" },
      "Failed to validate query",
      'column "id" does not exist',
    ],
    [
      { code: "select 1::bigint as id" },
      "Failed to validate query",
      "Return column 'id' has a type mismatch. The expected type is 'integer', but the actual type is 'bigint'.",
    ],
    [
      { code: "select 1 as id) select 1; drop table authors; with x as (select 1 as id" },
      "Failed to validate query",
      "cannot insert multiple commands into a prepared statement",
    ],
    [
      { code: "select {{id}}::int as id" },
      "The following columns are used in the query, but are not declared as arguments: ['id']",
    ],
    [
      { code: "select 1 as id", arguments: { id } },
      "The following columns are declared as arguments, but are not used in the query: ['id']",
    ],
  ];
  for (const [query, reason, message] of refused)
    test(`is inconsistent: ${JSON.stringify(query)}`, async (t) => {
      const [found, ...others] = await apply(t, { source: source(query) });
      assert.deepEqual(others, []);
      assert.equal(found?.["name"], "native_query rows in source default");
      assert.equal(found["reason"], `Inconsistent object: ${reason}`);
      const answer = z
        .union([z.string(), z.object({ error: z.object({ message: z.string() }) })])
        .optional()
        .parse(found["message"]);
      assert.equal(typeof answer === "object" ? answer.error.message : answer, message);
    });

  test("makes the server refuse the metadata if a brace is missing", async (t) => {
    const api = await startTestApi(t);
    const document = metadata({ source: source({ code: "select {{id} as id" }) });
    const { body } = await api.post("/v1/metadata", {
      ...{ type: "replace_metadata", args: { metadata: document } },
    });
    assert.deepEqual(body, {
      code: "parse-failed",
      error: "Found '{{' without a matching closing '}}'",
      path: "$.args.metadata.sources[0].native_queries[0].code",
    });
  });
});
