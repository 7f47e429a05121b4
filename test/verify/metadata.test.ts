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
  test("is reported with file, line and column if it cannot be read; the migrations are verified regardless", async (t) => {
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

  for (const [what, files, reason] of [
    ["there is none", {}, "the project has none"],
    [
      "it cannot be read",
      { "metadata/version.yaml": "version: 3\n", "metadata/network.yaml": "[]\n" },
      "it cannot be read",
    ],
    [
      "it has no source for the database",
      {
        "metadata/version.yaml": "version: 3\n",
        "metadata/databases/databases.yaml": "- {name: other, kind: postgres, tables: []}\n",
      },
      "it has no source of this name",
    ],
  ] as const)
    test(`is not compared if ${what}, which is reported`, async (t) => {
      const directory = await project(t, { ...orders, ...files });
      const events = await verified(directory, onSharedServer({ database: "default" }));
      const [event] = events.filter(({ type }) => type === "verify.metadata");
      assert.deepEqual(event, {
        ...{ type: "verify.metadata", database: "default", state: "skipped", reason },
        ...{ tookMs: 0, problems: [] },
      });
      assert.deepEqual(statesOf(events), { 1: "ok" });
    });
});

/** A project whose metadata uses everything that is checked. */
const users = `table: {schema: public, name: users}
configuration:
  column_config:
    email: {custom_name: mail}
object_relationships:
  - name: team
    using: {foreign_key_constraint_on: team_id}
array_relationships:
  - name: orders
    using:
      foreign_key_constraint_on: {table: {schema: public, name: orders}, column: user_id}
  - name: same_mail
    using:
      manual_configuration:
        remote_table: {schema: public, name: users}
        column_mapping: {email: email}
computed_fields:
  - name: full_name
    definition: {function: {schema: public, name: full_name}}
select_permissions:
  - role: user
    permission:
      columns: [id, email]
      computed_fields: [full_name]
      filter:
        _and:
          - email: {_eq: X-Hasura-User}
          - orders: {total: {_gt: 0}}
          - _exists: {_table: {schema: public, name: orders}, _where: {user_id: {_ceq: ["$", id]}}}
insert_permissions:
  - role: user
    permission: {columns: "*", check: {id: {_cgt: team_id}}, set: {email: X-Hasura-Mail}}
update_permissions:
  - role: user
    permission: {columns: [email], filter: {}, check: null, set: {}}
delete_permissions:
  - role: user
    permission: {filter: {_not: {full_name: {_is_null: true}}}}
event_triggers:
  - name: changed
    retry_conf: {num_retries: 0, interval_sec: 10, timeout_sec: 60}
    webhook: "{{HOOK}}"
    definition: {enable_manual: false, insert: {columns: "*"}, update: {columns: [email], payload: [id]}}
remote_relationships:
  - name: elsewhere
    definition: {to_source: {source: default, table: {schema: public, name: orders}, field_mapping: {id: user_id}}}
`;
const metadata = {
  "metadata/version.yaml": "version: 3\n",
  "metadata/databases/databases.yaml": `- name: default
  kind: postgres
  configuration: {}
  tables: "!include tables.yaml"
  functions:
    - function: {schema: public, name: search}
`,
  "metadata/databases/tables.yaml":
    '- "!include users.yaml"\n- table: {schema: public, name: orders}\n- table: {schema: public, name: teams}\n',
  "metadata/databases/users.yaml": users,
  "metadata/actions.graphql": "type Mutation { login: Login }\ntype Login { id: Int }\n",
  "metadata/actions.yaml": `actions: [{name: login, definition: {kind: synchronous, handler: x}}]
custom_types:
  objects:
    - name: Login
      relationships:
        - {name: user, type: object, remote_table: {schema: public, name: users}, field_mapping: {id: id}}
`,
};
const schema: readonly [string, string] = [
  `create table teams (id int primary key);
create table users (id int primary key, email text, team_id int references teams);
create table orders (id int primary key, user_id int references users, total int);
create function full_name(users) returns text language sql stable as 'select $1.email';
create function search(text) returns setof users language sql stable as 'select * from users';`,
  "drop function search, full_name; drop table orders, users, teams",
];

describe("the metadata of a project, compared with its database after all migrations", () => {
  test("is consistent if everything that it refers to exists", async (t) => {
    const directory = await project(t, { ...migrations({ "1_all": schema }), ...metadata });
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(problemsOf(events), []);
    assert.deepEqual(events.at(-2), {
      type: "verify.metadata",
      ...{ database: "default", state: "ok", tookMs: 0, problems: [] },
    });
  });

  const changes: readonly (readonly [what: string, sql: string, found: readonly string[]])[] = [
    [
      "every place that uses a column that is renamed",
      "alter table users rename email to mail",
      [
        'users.yaml:4:5 public.users has no column email. Did you mean "mail"?',
        'users.yaml:16:26 public.users has no column email. Did you mean "mail"?',
        'users.yaml:23:21 public.users has no column email. Did you mean "mail"?',
        'users.yaml:27:13 public.users has no column or relationship email. Did you mean "mail"?',
        'users.yaml:32:68 public.users has no column email. Did you mean "mail"?',
        'users.yaml:35:28 public.users has no column email. Did you mean "mail"?',
        'users.yaml:43:83 public.users has no column email. Did you mean "mail"?',
      ],
    ],
    [
      "every place that uses the key of a table",
      "alter table users rename id to uid",
      [
        'actions.yaml:6:99 public.users has no column id. Did you mean "uid"?',
        'users.yaml:23:17 public.users has no column id. Did you mean "uid"?',
        'users.yaml:29:94 public.users has no column id. Did you mean "uid"?',
        'users.yaml:32:40 public.users has no column or relationship id. Did you mean "uid"?',
        'users.yaml:43:101 public.users has no column id. Did you mean "uid"?',
        'users.yaml:46:102 public.users has no column id. Did you mean "uid"?',
      ],
    ],
    [
      "a table that is dropped, also where relationships and filters refer to it",
      "drop table orders",
      [
        "tables.yaml:2:3 The table public.orders does not exist.",
        "users.yaml:11:35 The table public.orders does not exist.",
        "users.yaml:29:23 The table public.orders does not exist.",
      ],
    ],
    [
      "a column of a foreign key that is dropped",
      "alter table users drop team_id",
      [
        "users.yaml:7:13 public.users has no column team_id.",
        "users.yaml:32:45 public.users has no column team_id.",
      ],
    ],
    [
      "a foreign key that is dropped",
      "alter table orders drop constraint orders_user_id_fkey; alter table users drop constraint users_team_id_fkey",
      [
        "users.yaml:7:13 public.users has no foreign key on team_id.",
        "users.yaml:11:7 public.orders has no foreign key on user_id that refers to public.users.",
      ],
    ],
    [
      "functions that are dropped",
      "drop function full_name, search",
      [
        "databases.yaml:6:7 The function public.search does not exist.",
        "users.yaml:19:18 The function public.full_name does not exist.",
      ],
    ],
  ];
  for (const [what, sql, found] of changes)
    test(`names ${what}`, async (t) => {
      const directory = await project(t, {
        ...migrations({ "1_all": schema, "2_change": [sql] }),
        ...metadata,
      });
      const problems = problemsOf(await verified(directory, onSharedServer())).filter(
        ({ code }) => code === "metadata-inconsistent",
      );
      assert.deepEqual(
        problems.map(
          ({ file = "", line = 0, column = 0, message }) =>
            `${file.replace(/^metadata\/(databases\/)?/, "")}:${String(line)}:${String(column)} ${message}`,
        ),
        found,
      );
    });

  test("tracks every table that a relationship leads to, and the tables of other sources", async (t) => {
    const directory = await project(t, {
      ...migrations({ "1_all": schema }),
      ...metadata,
      "metadata/databases/tables.yaml": '- "!include users.yaml"\n',
    });
    const messages = problemsOf(await verified(directory, onSharedServer())).map(
      ({ line = 0, message }) => `${String(line)} ${message}`,
    );
    assert.deepEqual(messages, [
      "7 The relationship refers to the table public.teams, which is not tracked.",
      "11 The relationship refers to the table public.orders, which is not tracked.",
      "29 The table public.orders is not tracked.",
      "46 The source default does not track public.orders.",
    ]);
  });

  test("is compared in config version 2, too", async (t) => {
    const directory = await project(t, {
      "config.yaml": "version: 2\n",
      "migrations/1_all/up.sql": schema[0],
      "migrations/1_all/down.sql": schema[1],
      "metadata/tables.yaml": "- table: users\n- table: {schema: public, name: gone}\n",
    });
    const problems = problemsOf(await verified(directory, onSharedServer()));
    assert.deepEqual(
      problems.map(({ file, line, message }) => [file, line, message]),
      [["metadata/tables.yaml", 2, "The table public.gone does not exist."]],
    );
  });

  test("is not compared if a migration fails, because the database is not complete", async (t) => {
    const directory = await project(t, {
      ...migrations({ "1_all": ["create table users (id in)"] }),
      ...metadata,
    });
    const events = await verified(directory, onSharedServer());
    assert.deepEqual(
      events.filter(({ type }) => type === "verify.metadata"),
      [],
    );
  });
});
