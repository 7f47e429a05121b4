import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { migrations, onSharedServer, problemsOf, project, verified } from "./support/verified.ts";

const schema = `create table teams (id int primary key);
create table users (id int primary key, team_id int, data json, tags text[]);
alter table users add constraint one foreign key (team_id) references teams;
alter table users add constraint two foreign key (team_id) references teams;
create function one() returns int language sql stable as 'select 1';
create function full_name(teams) returns text language sql stable as 'select null::text';`;

const source = (tables: string, functions = ""): Record<string, string> => ({
  "metadata/version.yaml": "version: 3\n",
  "metadata/databases/databases.yaml": `- name: default
  kind: postgres
  configuration: {}
  tables: "!include tables.yaml"
${functions}`,
  "metadata/databases/tables.yaml": tables,
});

const tables = "- table: {schema: public, name: users}\n- table: {schema: public, name: teams}\n";

/** What verifying a project with this metadata finds in it, without the directory of the files. */
async function found(
  t: TestContext,
  metadata: Record<string, string>,
  others: Record<string, string> = {},
): Promise<string[]> {
  const directory = await project(t, {
    ...migrations({ "1_all": [schema] }),
    ...metadata,
    ...others,
  });
  return problemsOf(await verified(directory, onSharedServer()))
    .filter(({ code }) => /^metadata-(inconsistent|ignored|duplicate)$/.test(code))
    .map(
      ({ file = "", line = 0, message }) =>
        `${file.replace(/^metadata\/(databases\/)?/, "")}:${String(line)} ${message}`,
    );
}

describe("the metadata of a project, checked as the server checks it", () => {
  const inTable: readonly (readonly [what: string, yaml: string, expected: string])[] = [
    [
      "a relationship that two foreign keys have",
      "  object_relationships:\n    - {name: team, using: {foreign_key_constraint_on: team_id}}\n",
      'tables.yaml:4 in table "users": in relationship "team": more than one foreign key constraint exists on the given column(s)',
    ],
    [
      "a relationship with the name of a column",
      "  array_relationships:\n    - {name: data, using: {manual_configuration: {remote_table: {schema: public, name: teams}, column_mapping: {id: id}}}}\n",
      "tables.yaml:4 field definition conflicts with postgres column",
    ],
    [
      "a computed field whose function takes another table",
      "  computed_fields:\n    - {name: full_name, definition: {function: {schema: public, name: full_name}}}\n",
      'tables.yaml:4 in table "users": in computed field "full_name": the computed field "full_name" cannot be added to table "users" because first argument of the function "full_name" of type "teams" is not the table to which the computed field is being added',
    ],
    [
      "an operator that does not exist",
      "  select_permissions:\n    - {role: user, permission: {columns: [id], filter: {id: {_equals: 1}}}}\n",
      'tables.yaml:4 in table "users": in permission for role "user": Unknown operator: _equals',
    ],
    [
      "a condition on a column of the type json",
      "  delete_permissions:\n    - {role: user, permission: {filter: {data: {_eq: x}}}}\n",
      'tables.yaml:4 in table "users": in permission for role "user": JSON column can not be part of boolean expression',
    ],
    [
      "a permission of the role admin",
      "  delete_permissions:\n    - {role: admin, permission: {filter: {}}}\n",
      'tables.yaml:4 in table "users": in permission for role "admin": cannot define permission for admin role',
    ],
  ];
  for (const [what, yaml, expected] of inTable)
    test(`names ${what}`, async (t) => {
      const [users, teams] = tables.split("\n");
      const own = `${teams ?? ""}\n${users ?? ""}\n${yaml}`;
      assert.deepEqual(await found(t, source(own)), [expected]);
    });

  test("names a table that cannot be an enum, also because it has no rows", async (t) => {
    const enums = `- {table: {schema: public, name: teams}, is_enum: true}
- {table: {schema: public, name: moods}, is_enum: true}
- {table: {schema: public, name: good}, is_enum: true}\n`;
    const sql = `create table moods (name text primary key);
create table good (name text primary key, comment text); insert into good values ('Fine', null);`;
    assert.deepEqual(await found(t, source(enums), { "migrations/default/2_enums/up.sql": sql }), [
      'tables.yaml:1 the table "teams" cannot be used as an enum for the following reasons: the table’s primary key ("id") must have type "text", not type "integer"; the table’s comment column ("id") must have type "text", not type "integer"',
      'tables.yaml:2 the table "moods" cannot be used as an enum because the table must have at least one row',
    ]);
  });

  test("names a function that returns no table", async (t) => {
    const functions = "  functions:\n    - function: {schema: public, name: one}\n";
    assert.deepEqual(await found(t, source(tables, functions)), [
      'databases.yaml:6 in function "one": the function "one" cannot be tracked for the following reasons: the function does not return a "COMPOSITE" type; the function does not return a table',
    ]);
  });

  test("names what does not belong to a database once, with several databases", async (t) => {
    const databases = `- {name: default, kind: postgres, configuration: {}, tables: "!include tables.yaml"}
- {name: other, kind: postgres, configuration: {}, tables: []}\n`;
    assert.deepEqual(
      await found(
        t,
        { ...source(tables), "metadata/databases/databases.yaml": databases },
        {
          "migrations/other/1_a/up.sql": "create type mood as enum ('good')",
          "metadata/inherited_roles.yaml": "- {role_name: both, role_set: [a, b]}\n",
          "metadata/rest_endpoints.yaml":
            "- {name: get, url: get, methods: [GET], definition: {query: {collection_name: c, query_name: q}}}\n",
          "metadata/actions.graphql": "type Mutation { good(mood: mood): Int bad: Missing }\n",
          "metadata/actions.yaml":
            "actions:\n  - {name: good, definition: {kind: synchronous, handler: '{{URL}}'}}\n  - {name: bad, definition: {kind: synchronous, handler: '{{URL}}'}}\n",
        },
      ),
      [
        'inherited_roles.yaml:1 in inherited role both: the following parent role(s) are not found: a, b which are required to construct the inherited role: "both"',
        "rest_endpoints.yaml:1 in endpoint get: collection with name c does not exist",
        'actions.yaml:3 in action "bad"; the type: "Missing" is not an object or scalar type defined in custom types',
      ],
    );
  });

  test("names logical models that are missing, and an entry of the allow list without a collection", async (t) => {
    const queries = `  logical_models:
    - name: outer
      fields: [{name: inner, type: {logical_model: gone, nullable: true}}, {name: all, type: {array: {logical_model: outer}}}]
  native_queries:
    - {root_field_name: good, code: select 1, returns: outer}
    - {root_field_name: bad, code: select 1, returns: other}\n`;
    assert.deepEqual(
      await found(t, source(tables, queries), {
        "metadata/query_collections.yaml":
          '- {name: used, definition: {queries: [{name: q, query: "{ users { id } }"}]}}\n',
        "metadata/allow_list.yaml": "- {collection: used}\n- {collection: gone}\n",
      }),
      [
        "allow_list.yaml:2 The allow list has no effect here: there is no query collection gone.",
        'databases.yaml:6 logical model "gone" is not tracked',
        "databases.yaml:10 The logical model other could not be found",
      ],
    );
  });

  test("names native queries that the database cannot prepare, and values that an enum does not have", async (t) => {
    const enums = `- {table: {schema: public, name: good}, is_enum: true}
- table: {schema: public, name: things}
  delete_permissions:
    - {role: user, permission: {filter: {mood: {_eq: Sad}}}}
`;
    const queries = `  logical_models:
    - {name: row, fields: [{name: id, type: {scalar: integer}}]}
  native_queries:
    - {root_field_name: good, code: select id from teams, returns: row}
    - {root_field_name: bad, code: select name from teams, returns: row}
    - {root_field_name: two, code: select 1 as id) select 1; drop table teams; commit; with x as (select 1 as id, returns: row}
    - {root_field_name: writing, code: delete from teams returning id, returns: row}
    - {root_field_name: text, code: "select '1' as id from teams", returns: row}\n`;
    const sql = `create table good (name text primary key); insert into good values ('Fine');
create table things (id int primary key, mood text references good);`;
    assert.deepEqual(
      await found(t, source(enums, queries), { "migrations/default/2_enums/up.sql": sql }),
      [
        'databases.yaml:9 Failed to validate query: column "name" does not exist',
        "databases.yaml:10 Failed to validate query: cannot insert multiple commands into a prepared statement",
        "databases.yaml:12 Failed to validate query: Return column 'id' has a type mismatch. The expected type is 'integer', but the actual type is 'text'.",
        'tables.yaml:4 in table "things": in permission for role "user": expected one of the values "Fine" for type "good", given "Sad"',
      ],
    );
  });

  test("reports each duplicate definition once, with both positions, and later problems at their correct position", async (t) => {
    const tables = `- table: {schema: public, name: teams}
  event_triggers:
    - {name: t, webhook: x, definition: {enable_manual: true}, retry_conf: {num_retries: 0, interval_sec: 1}}
- table: {schema: public, name: users}
  array_relationships:
    - &one {name: one, using: {manual_configuration: {remote_table: {schema: public, name: teams}, column_mapping: {id: id}}}}
    - *one
    - {name: both, using: {manual_configuration: {remote_table: {schema: public, name: teams}, column_mapping: {id: id}}}}
  object_relationships:
    - {name: both, using: {manual_configuration: {remote_table: {schema: public, name: teams}, column_mapping: {id: id}}}}
  select_permissions:
    - {role: user, permission: {columns: [id], filter: {}}}
    - {role: user, permission: {columns: [id], filter: {}}}
    - {role: clerk, permission: {columns: [id], filter: {id: {_equals: 1}}}}
  event_triggers:
    - {name: t, webhook: x, definition: {enable_manual: true}, retry_conf: {num_retries: 0, interval_sec: 1}}
- table: teams
- table: {schema: public, name: users}
  delete_permissions:
    - {role: gone, permission: {filter: {id: {_equals: 1}}}}
`;
    assert.deepEqual(
      await found(t, source(tables), {
        "metadata/inherited_roles.yaml":
          "- &one {role_name: one, role_set: [user]}\n- *one\n- {role_name: two, role_set: [nobody]}\n",
        "metadata/query_collections.yaml":
          "- {name: c, definition: {queries: []}}\n- {name: c, definition: {queries: []}}\n",
        "metadata/actions.graphql":
          "type Query { ping: Int pong: Int }\ntype Query { ping: Int }\n",
        "metadata/actions.yaml":
          "actions:\n  - {name: ping, definition: {handler: 'http://x'}}\n  - {name: ping, definition: {handler: 'http://x'}}\n  - {name: pong, definition: {handler: 'http://x'}}\n",
      }),
      [
        "actions.yaml:3 actions.yaml defines the action ping twice, first at metadata/actions.yaml:2:5. Remove one of them.",
        "tables.yaml:7 The metadata defines the array relationship one of table public.users in source default twice, first at metadata/databases/tables.yaml:6:12. Remove one of them.",
        "tables.yaml:16 The metadata defines the event trigger t of table public.users in source default twice, first at metadata/databases/tables.yaml:3:7. Remove one of them.",
        "tables.yaml:13 The metadata defines the select permission user of table public.users in source default twice, first at metadata/databases/tables.yaml:12:7. Remove one of them.",
        "tables.yaml:17 The metadata defines the table public.teams in source default twice, first at metadata/databases/tables.yaml:1:3. Remove one of them.",
        "tables.yaml:18 The metadata defines the table public.users in source default twice, first at metadata/databases/tables.yaml:4:3. Remove one of them.",
        "actions.graphql:2 The metadata defines the action ping twice, first at metadata/actions.yaml:2:5. Remove one of them.",
        "query_collections.yaml:2 The metadata defines the query collection c twice, first at metadata/query_collections.yaml:1:3. Remove one of them.",
        "inherited_roles.yaml:2 The metadata defines the inherited role one twice, first at metadata/inherited_roles.yaml:1:8. Remove one of them.",
        'tables.yaml:10 conflicting definitions for field "both", also at metadata/databases/tables.yaml:8:7',
        'tables.yaml:14 in table "users": in permission for role "clerk": Unknown operator: _equals',
        'inherited_roles.yaml:3 in inherited role two: the following parent role(s) are not found: nobody which are required to construct the inherited role: "two"',
      ],
    );
  });

  const refused: readonly (readonly [
    what: string,
    files: Readonly<Record<string, string>>,
    expected: string,
  ])[] = [
    [
      "an event trigger without a key",
      {
        "metadata/databases/tables.yaml": `${tables}  event_triggers:\n    - {name: t, webhook: x, definition: {enable_manual: true}}\n`,
      },
      "tables.yaml:4 Hasura refuses the metadata: the key 'retry_conf' was not present",
    ],
    [
      "a query that cannot be parsed",
      {
        "metadata/query_collections.yaml":
          '- name: c\n  definition:\n    queries:\n      - {name: q, query: "{ users { id }"}\n',
      },
      "query_collections.yaml:4 Hasura refuses the metadata: parsing the graphql query failed",
    ],
    [
      "a schedule that is none",
      {
        "metadata/cron_triggers.yaml":
          "- {name: c, webhook: x, include_in_metadata: true, schedule: 61 * * * *}\n",
      },
      'cron_triggers.yaml:1 Hasura refuses the metadata: "61 * * * *" is not a cron schedule',
    ],
    [
      "a permission on a remote schema that cannot be parsed",
      {
        "metadata/remote_schemas.yaml":
          '- name: r\n  definition: {url: "http://r"}\n  permissions:\n    - {role: user, definition: {schema: "type Query { a Int }"}}\n',
      },
      'remote_schemas.yaml:4 Hasura refuses the metadata: parsing the schema document: Syntax Error: Expected ":", found Name "Int".',
    ],
  ];
  for (const [what, files, expected] of refused)
    test(`names ${what}, which the server refuses with the whole metadata`, async (t) => {
      assert.deepEqual(await found(t, { ...source(tables), ...files }), [expected]);
    });
});
