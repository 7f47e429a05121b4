import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { compareMetadata } from "../../../src/metadata/diff/compare-metadata.ts";
import type { ObjectChange } from "../../../src/metadata/diff/change.ts";

const orders = { schema: "public", name: "orders" };

function withTable(table: JsonMap, ...others: readonly JsonMap[]): JsonMap {
  return {
    version: 3,
    sources: [
      { name: "default", kind: "postgres", tables: [{ table: orders, ...table }, ...others] },
    ],
  };
}

const select = (permission: JsonMap, role = "user"): JsonMap => ({
  select_permissions: [{ role, permission }],
});

const actionWith = (definition: JsonMap): JsonMap => ({
  version: 3,
  sources: [],
  actions: [{ name: "checkout", definition: { handler: "https://pay/x", ...definition } }],
});

const remoteWith = (schema: string): JsonMap => ({
  version: 3,
  sources: [],
  remote_schemas: [
    {
      name: "r",
      definition: { url: "https://r" },
      permissions: [{ role: "user", definition: { schema } }],
    },
  ],
});

const validatedBy = (definition: JsonMap): JsonMap =>
  withTable({
    insert_permissions: [
      { role: "user", permission: { check: {}, validate_input: { type: "http", definition } } },
    ],
  });

const tracesTo = (exporter_otlp: JsonMap): JsonMap => ({
  version: 3,
  opentelemetry: { status: "enabled", exporter_otlp },
});

const functionWith = (configuration: JsonMap): JsonMap => ({
  version: 3,
  sources: [
    {
      ...{ name: "default", kind: "postgres", tables: [] },
      functions: [{ function: { schema: "public", name: "f" }, configuration }],
    },
  ],
});

const endpointAt = (url: string): JsonMap => ({
  version: 3,
  sources: [],
  rest_endpoints: [{ name: "e", url, methods: ["GET"], definition: { query: {} } }],
});

/** Each change in a line: sign, kind, path, fields, and what needs attention. */
function lines(before: JsonMap, after: JsonMap): string[] {
  return compareMetadata(before, after).map(lineOf);
}

const signs = { added: "+", removed: "-", changed: "~" } as const;

function lineOf({ path, change, fields, attention }: ObjectChange): string {
  const shown = change === "changed" ? fields.map(fieldText) : [];
  const marks = attention.map((each) => `!${each}`);
  const names = path.map(({ name }) => name).join("/");
  return [signs[change], path.at(-1)?.kind, names, ...shown, ...marks].join(" ");
}

function fieldText(change: ObjectChange["fields"][number]): string {
  const { field, added = [], removed = [], from, to, isSecret } = change;
  if (isSecret) return `${field} secret`;
  const parts = [...added.map((each) => `+${each}`), ...removed.map((each) => `-${each}`)];
  return [field, ...(parts.length > 0 ? parts : [`${from ?? "none"} → ${to ?? "none"}`])].join(" ");
}

const noDifference: Readonly<Record<string, readonly [JsonMap, JsonMap]>> = {
  "the order of tables": [
    withTable({}, { table: { schema: "public", name: "lines" } }),
    {
      version: 3,
      sources: [
        {
          name: "default",
          kind: "postgres",
          tables: [{ table: { schema: "public", name: "lines" } }, { table: orders }],
        },
      ],
    },
  ],
  "a table's name as text": [
    withTable({}),
    { version: 3, sources: [{ name: "default", kind: "postgres", tables: [{ table: "orders" }] }] },
  ],
  "the order of a permission's columns": [
    withTable(select({ columns: ["a", "b"], filter: {} })),
    withTable(select({ columns: ["b", "a"], filter: {} })),
  ],
  "a default that an export leaves out": [
    withTable(select({ columns: ["a"], filter: {}, allow_aggregations: false, limit: null })),
    withTable(select({ columns: ["a"], filter: {} })),
  ],
  "empty lists and an empty configuration": [
    withTable({
      configuration: { column_config: {}, custom_column_names: {}, custom_root_fields: {} },
      object_relationships: [],
    }),
    withTable({}),
  ],
  "column names in their old form": [
    withTable({ configuration: { custom_column_names: { id: "ID" } } }),
    withTable({
      configuration: {
        custom_root_fields: {},
        custom_column_names: { id: "ID" },
        column_config: { id: { custom_name: "ID" } },
      },
    }),
  ],
  "a root field that is only its name": [
    withTable({ configuration: { custom_root_fields: { select: "all", insert: null } } }),
    withTable({ configuration: { custom_root_fields: { select: { name: "all" } } } }),
  ],
  "a foreign key's column as a list": [
    withTable({
      object_relationships: [{ name: "u", using: { foreign_key_constraint_on: "u_id" } }],
    }),
    withTable({
      object_relationships: [{ name: "u", using: { foreign_key_constraint_on: ["u_id"] } }],
    }),
  ],
  "a foreign key's table as text, and one column as a list": [
    withTable({
      array_relationships: [
        { name: "l", using: { foreign_key_constraint_on: { table: "lines", column: "o_id" } } },
      ],
    }),
    withTable({
      array_relationships: [
        {
          name: "l",
          using: {
            foreign_key_constraint_on: {
              table: { schema: "public", name: "lines" },
              columns: ["o_id"],
            },
          },
        },
      ],
    }),
  ],
  "an insertion order of null": [
    withTable({
      object_relationships: [
        {
          name: "u",
          using: {
            manual_configuration: {
              remote_table: "users",
              column_mapping: { u: "id" },
              insertion_order: null,
            },
          },
        },
      ],
    }),
    withTable({
      object_relationships: [
        {
          name: "u",
          using: {
            manual_configuration: {
              remote_table: { schema: "public", name: "users" },
              column_mapping: { u: "id" },
            },
          },
        },
      ],
    }),
  ],
  "an insert permission that names no columns, or all": [
    withTable({ insert_permissions: [{ role: "user", permission: { check: {} } }] }),
    withTable({ insert_permissions: [{ role: "user", permission: { check: {}, columns: "*" } }] }),
  ],
  "an action's defaults": [
    actionWith({ output_type: "R" }),
    actionWith({
      output_type: "R",
      type: "mutation",
      kind: "synchronous",
      timeout: 30,
      arguments: [],
      headers: [],
    }),
  ],
  "the kind of a query action": [
    actionWith({ output_type: "R", type: "query", kind: "" }),
    actionWith({ output_type: "R", type: "query" }),
  ],
  "a missing description": [
    actionWith({ arguments: [{ name: "a", type: "Int", description: null }] }),
    actionWith({ arguments: [{ name: "a", type: "Int" }] }),
  ],
  "the retries of an event trigger that are the default": [
    withTable({
      event_triggers: [{ name: "t", definition: { enable_manual: false }, webhook: "https://h" }],
    }),
    withTable({
      event_triggers: [
        {
          name: "t",
          definition: {},
          webhook: "https://h",
          retry_conf: { num_retries: 0, interval_sec: 10, timeout_sec: 60 },
        },
      ],
    }),
  ],
  "the retries of a cron trigger that are the default": [
    {
      version: 3,
      sources: [],
      cron_triggers: [{ name: "c", schedule: "* * * * *", webhook: "https://h" }],
    },
    {
      version: 3,
      sources: [],
      cron_triggers: [
        {
          name: "c",
          schedule: "* * * * *",
          webhook: "https://h",
          include_in_metadata: true,
          retry_conf: {
            num_retries: 0,
            retry_interval_seconds: 10,
            timeout_seconds: 60,
            tolerance_seconds: 21_600,
          },
        },
      ],
    },
  ],
  "settings that are empty": [
    { version: 3, sources: [] },
    {
      version: 3,
      sources: [],
      network: {},
      api_limits: {},
      graphql_schema_introspection: { disabled_for_roles: [] },
      inherited_roles: [],
    },
  ],
  "the order of keys in a row filter": [
    withTable(select({ columns: ["a"], filter: { a: { _eq: 1 }, b: { _eq: 2 } } })),
    withTable(select({ columns: ["a"], filter: { b: { _eq: 2 }, a: { _eq: 1 } } })),
  ],
  "parts of a row filter as keys, as a list, and in another order": [
    withTable(select({ columns: ["a"], filter: { a: { _gt: 1, _lt: 9 }, b: { _eq: 2 } } })),
    withTable(
      select({
        columns: ["a"],
        filter: { $and: [{ _and: [{ b: 2 }, { a: { _lt: 9 } }] }, {}, { a: { _gt: 1 } }] },
      }),
    ),
  ],
  "settings that have their defaults": [
    {
      version: 3,
      sources: [],
      api_limits: { depth_limit: { global: 5 } },
      opentelemetry: { exporter_otlp: { otlp_traces_endpoint: "http://o" } },
      allowlist: [{ collection: "a", scope: { global: false, roles: ["a", "b"] } }],
      network: { tls_allowlist: [{ host: "a" }, { host: "b" }] },
    },
    {
      version: 3,
      sources: [],
      api_limits: { disabled: false, depth_limit: { global: 5, per_role: {} } },
      opentelemetry: {
        status: "disabled",
        data_types: [],
        exporter_otlp: {
          ...{ otlp_traces_endpoint: "http://o", protocol: "http/protobuf", headers: [] },
          ...{ resource_attributes: [], traces_propagators: ["b3"] },
        },
        batch_span_processor: { max_export_batch_size: 512 },
      },
      metrics_config: { analyze_query_variables: false, analyze_response_body: false },
      allowlist: [{ collection: "a", scope: { global: false, roles: ["b", "a"] } }],
      network: { tls_allowlist: [{ host: "b", suffix: null }, { host: "a" }] },
    },
  ],
  "the cleanup of an event trigger's log that has its defaults": [
    withTable({
      event_triggers: [
        {
          name: "t",
          definition: {},
          cleanup_config: { schedule: "0 1 * * *", clear_older_than: 9 },
        },
      ],
    }),
    withTable({
      event_triggers: [
        {
          name: "t",
          definition: {},
          cleanup_config: {
            ...{ schedule: "0 1 * * *", clear_older_than: 9, batch_size: 10_000, timeout: 60 },
            ...{ clean_invocation_logs: false, paused: false },
          },
        },
      ],
    }),
  ],
  "a connection's defaults": [
    {
      version: 3,
      sources: [
        {
          name: "default",
          kind: "postgres",
          tables: [],
          configuration: { connection_info: { database_url: { from_env: "URL" } } },
        },
      ],
    },
    {
      version: 3,
      sources: [
        {
          name: "default",
          kind: "postgres",
          tables: [],
          configuration: {
            connection_info: {
              database_url: { from_env: "URL" },
              isolation_level: "read-committed",
              use_prepared_statements: false,
            },
          },
        },
      ],
    },
  ],
  "the roles of an inherited role in another order": [
    { version: 3, sources: [], inherited_roles: [{ role_name: "all", role_set: ["a", "b"] }] },
    { version: 3, sources: [], inherited_roles: [{ role_name: "all", role_set: ["b", "a"] }] },
  ],
};

describe("what is no difference", () => {
  for (const [name, [before, after]] of Object.entries(noDifference)) {
    test(name, () => {
      assert.deepEqual(lines(before, after), []);
      assert.deepEqual(lines(after, before), []);
    });
  }
});

describe("objects", () => {
  test("a table that only one side has is one change, with those inside it marked", () => {
    const invoices = {
      table: { schema: "public", name: "invoices" },
      ...select({ columns: ["a"], filter: { a: { _eq: 1 } } }),
    };
    const changes = compareMetadata(withTable({}), withTable({}, invoices));
    assert.deepEqual(
      changes.map((each) => [lineOf(each), each.isInside]),
      [
        ["+ table default/public.invoices", false],
        ["+ select permission default/public.invoices/user", true],
      ],
    );
  });

  test("a table that only the server has is removed", () => {
    const legacy = { table: { schema: "app", name: "legacy" } };
    assert.deepEqual(lines(withTable({}, legacy), withTable({})), [
      "- table default/app.legacy !removed",
    ]);
  });

  test("the same table in two databases is two tables", () => {
    const source = (name: string): JsonMap => ({
      name,
      kind: "postgres",
      tables: [{ table: orders }],
    });
    assert.deepEqual(
      lines(
        { version: 3, sources: [source("a")] },
        { version: 3, sources: [source("a"), source("b")] },
      ),
      ["+ source b", "+ table b/public.orders"],
    );
  });

  test("tables of data connectors, whose names are lists", () => {
    const before = withTable({}, { table: ["Album"] });
    assert.deepEqual(lines(before, withTable({}, { table: ["Artist"] })), [
      "+ table default/Artist",
      "- table default/Album !removed",
    ]);
  });

  test("an unknown key of a newer server is a setting", () => {
    assert.deepEqual(
      lines({ version: 3, sources: [] }, { version: 3, sources: [], future: { a: 1 } }),
      ["~ setting future future.a none → 1"],
    );
  });

  test("queries of a collection", () => {
    const collection = (...queries: readonly string[]): JsonMap => ({
      version: 3,
      sources: [],
      query_collections: [
        {
          name: "mobile",
          definition: { queries: queries.map((name) => ({ name, query: `query ${name} { a }` })) },
        },
      ],
    });
    assert.deepEqual(lines(collection("A"), collection("B", "A")), ["+ query mobile/B"]);
  });
});

describe("another name", () => {
  const toLines = { table: "lines", column: "order_id" };
  const array = (...names: readonly string[]): JsonMap => ({
    array_relationships: names.map((name) => ({
      name,
      using: { foreign_key_constraint_on: toLines },
    })),
  });

  test("a relationship with the same definition is one change", () => {
    assert.deepEqual(lines(withTable(array("lines")), withTable(array("items"))), [
      "~ array relationship default/public.orders/items name lines → items !other-names",
    ]);
  });

  test("so is an action, with its permissions", () => {
    const action = (name: string, role = "user"): JsonMap => ({
      version: 3,
      sources: [],
      actions: [{ name, definition: { handler: "https://pay/x" }, permissions: [{ role }] }],
    });
    assert.deepEqual(lines(action("pay"), action("checkout")), [
      "~ action checkout name pay → checkout !other-names",
    ]);
    assert.deepEqual(lines(action("pay"), action("checkout", "clerk")), [
      "+ action checkout",
      "+ action permission checkout/clerk",
      "- action pay !removed",
      "- action permission pay/user",
    ]);
  });

  test("that is not part of the API needs no attention", () => {
    const trigger = (name: string): JsonMap => ({
      ...{ version: 3, sources: [] },
      cron_triggers: [{ name, schedule: "* * * * *", webhook: "https://h" }],
    });
    assert.deepEqual(lines(trigger("sent"), trigger("send")), [
      "~ cron trigger send name sent → send",
    ]);
  });

  test("two relationships with the same definition are not guessed", () => {
    assert.deepEqual(lines(withTable(array("a", "b")), withTable(array("c"))), [
      "+ array relationship default/public.orders/c",
      "- array relationship default/public.orders/a !removed",
      "- array relationship default/public.orders/b !removed",
    ]);
  });

  test("a permission of another role is no renamed one", () => {
    const permission = { columns: ["a"], filter: {} };
    assert.deepEqual(lines(withTable(select(permission)), withTable(select(permission, "clerk"))), [
      "+ select permission default/public.orders/clerk !new-permission !no-row-filter",
      "- select permission default/public.orders/user !removed-permission",
    ]);
  });
});

describe("what is removed although it is used", () => {
  const usedBy = (before: JsonMap, after: JsonMap): unknown[] =>
    compareMetadata(before, after)
      .filter((change) => change.attention.includes("still-used"))
      .map((change) => [change.path.at(-1)?.name, ...(change.usedBy ?? [])]);

  test("a table: by relationships and permissions of others", () => {
    const own = { table: { schema: "public", name: "lines" } };
    const manual = { remote_table: "lines", column_mapping: { id: "order_id" } };
    const orders = {
      array_relationships: [{ name: "lines", using: { manual_configuration: manual } }],
      ...select({
        columns: ["a"],
        filter: { _not: { _exists: { _table: { schema: "public", name: "lines" }, _where: {} } } },
      }),
    };
    assert.deepEqual(usedBy(withTable(orders, own), withTable(orders)), [
      [
        "public.lines",
        "array relationship lines of public.orders",
        "select permission user of public.orders",
      ],
    ]);
  });

  test("a table: by the foreign key that its own relationship names", () => {
    const customers = {
      table: { schema: "public", name: "customers" },
      array_relationships: [
        { name: "orders", using: { foreign_key_constraint_on: { table: orders, column: "c_id" } } },
      ],
    };
    const toCustomer = {
      object_relationships: [{ name: "customer", using: { foreign_key_constraint_on: "c_id" } }],
    };
    assert.deepEqual(usedBy(withTable(toCustomer, customers), withTable(toCustomer)), [
      ["public.customers", "object relationship customer of public.orders"],
    ]);
  });

  test("a relationship, also one that was renamed: by a permission's filter", () => {
    const filtered = select({ columns: ["a"], filter: { _or: [{ lines: { id: { _eq: 1 } } }] } });
    const array = (name: string): JsonMap => ({
      array_relationships: [
        { name, using: { foreign_key_constraint_on: { table: "lines", column: "o" } } },
      ],
    });
    const used = [["lines", "select permission user of public.orders"]];
    assert.deepEqual(
      usedBy(withTable({ ...filtered, ...array("lines") }), withTable(filtered)),
      used,
    );
    assert.deepEqual(
      usedBy(
        withTable({ ...filtered, ...array("lines") }),
        withTable({ ...filtered, ...array("items") }),
      ),
      [["items", ...(used[0] ?? []).slice(1)]],
    );
  });

  test("a computed field, a remote schema and a collection", () => {
    const before = {
      ...withTable({
        computed_fields: [{ name: "total", definition: { function: "total" } }],
        remote_relationships: [
          { name: "payments", definition: { to_remote_schema: { remote_schema: "pay" } } },
        ],
        ...select({ columns: ["a"], computed_fields: ["total"], filter: { a: { _eq: 1 } } }),
      }),
      remote_schemas: [{ name: "pay", definition: { url: "https://pay" } }],
      query_collections: [{ name: "mobile", definition: { queries: [] } }],
      allowlist: [{ collection: "mobile" }],
      rest_endpoints: [
        { name: "get", definition: { query: { collection_name: "mobile", query_name: "Get" } } },
      ],
    };
    const after = {
      ...before,
      ...withTable({
        remote_relationships: [
          { name: "payments", definition: { to_remote_schema: { remote_schema: "pay" } } },
        ],
        ...select({ columns: ["a"], computed_fields: ["total"], filter: { a: { _eq: 1 } } }),
      }),
      remote_schemas: [],
      query_collections: [],
    };
    assert.deepEqual(usedBy(before, after), [
      ["total", "select permission user of public.orders"],
      ["pay", "remote relationship payments of public.orders"],
      ["mobile", "allow list entry mobile", "REST endpoint get"],
    ]);
  });

  test("nothing that is removed or replaced with it", () => {
    const own = {
      table: { schema: "public", name: "lines" },
      ...select({ columns: ["a"], filter: {} }),
    };
    assert.deepEqual(usedBy(withTable({}, own), withTable({})), []);
  });
});

describe("fields", () => {
  test("columns and a row filter", () => {
    assert.deepEqual(
      lines(
        withTable(
          select({
            columns: ["a", "internal_note"],
            filter: { customer_id: { _eq: "X-Hasura-User-Id" } },
          }),
        ),
        withTable(
          select({
            columns: ["a", "discount"],
            filter: {
              _and: [
                { customer_id: { _eq: "X-Hasura-User-Id" } },
                { deleted_at: { _is_null: true } },
              ],
            },
          }),
        ),
      ),
      [
        "~ select permission default/public.orders/user permission.columns +discount -internal_note permission.filter +deleted_at is null !more-columns",
      ],
    );
  });

  test("parts of a row filter for the same related row, and for any two", () => {
    const filter = (condition: JsonMap): JsonMap =>
      withTable(select({ columns: ["a"], filter: condition }));
    const [a, b] = [{ a: { _eq: 1 } }, { b: { _eq: 2 } }];
    const same = filter({ lines: { ...a, ...b } });
    const any = filter({ _and: [{ lines: a }, { lines: b }] });
    assert.equal(lines(same, any).length, 1);
    assert.equal(lines(same, filter({ lines: { _and: [b, a] } })).length, 0);
  });

  test("a payload without columns and one with all columns", () => {
    const trigger = (payload: JsonMap): JsonMap =>
      withTable({
        event_triggers: [{ name: "t", definition: { update: { columns: "*", ...payload } } }],
      });
    const path = "event trigger default/public.orders/t definition.update.payload";
    assert.deepEqual(lines(trigger({}), trigger({ payload: [] })), [`~ ${path} -*`]);
    assert.deepEqual(lines(trigger({ payload: ["a"] }), trigger({ payload: [] })), [
      `~ ${path} -a`,
    ]);
    assert.deepEqual(lines(trigger({}), trigger({ payload: "*" })), []);
  });

  test("an empty payload of a cron trigger and none, and the order of a list in it", () => {
    const cron = (more: JsonMap): JsonMap => ({
      ...{ version: 3, sources: [] },
      cron_triggers: [{ name: "c", schedule: "* * * * *", webhook: "https://h", ...more }],
    });
    const path = "cron trigger c payload";
    assert.deepEqual(lines(cron({}), cron({ payload: {} })), [`~ ${path} none → {}`]);
    assert.deepEqual(lines(cron({}), cron({ payload: [] })), [`~ ${path} none → []`]);
    assert.deepEqual(lines(cron({ payload: [1, 2] }), cron({ payload: [2, 1] })), [
      `~ ${path} [1,2] → [2,1]`,
    ]);
    assert.deepEqual(lines(cron({}), cron({ payload: null })), []);
  });

  test("a secret that only one side has", () => {
    const [none, one] = [actionWith({}), actionWith({ headers: [{ name: "A", value: "x" }] })];
    const sides = (before: JsonMap, after: JsonMap): unknown[] =>
      compareMetadata(before, after).flatMap(({ fields }) =>
        fields.flatMap(({ isSecret, onlyIn }) => (isSecret ? [onlyIn] : [])),
      );
    assert.deepEqual(sides(none, one), ["project"]);
    assert.deepEqual(sides(one, none), ["server"]);
    assert.deepEqual(sides(one, actionWith({ headers: [{ name: "A", value: "y" }] })), [undefined]);
  });

  test("a number and a text that look the same", () => {
    const filter = (value: string | number): JsonMap =>
      withTable(select({ columns: ["a"], filter: { a: { _eq: value } } }));
    assert.deepEqual(lines(filter(1), filter("1")), [
      '~ select permission default/public.orders/user permission.filter {"a":{"_eq":1}} → {"a":{"_eq":"1"}} !weaker-row-filter',
    ]);
  });

  test("arguments of an action, by their name, and their order", () => {
    const argument = (name: string, type = "Int"): JsonMap => ({ name, type });
    assert.deepEqual(
      lines(
        actionWith({ arguments: [argument("a"), argument("b")] }),
        actionWith({ arguments: [argument("b", "Int!"), argument("a")] }),
      ),
      [
        "~ action checkout definition.arguments.b.type Int → Int! definition.arguments.order a, b → b, a",
      ],
    );
  });

  test("no root fields at all, and all of them", () => {
    const permission = { columns: ["a"], filter: {} };
    assert.deepEqual(
      lines(
        withTable(select({ ...permission, query_root_fields: [] })),
        withTable(select(permission)),
      ),
      [
        "~ select permission default/public.orders/user permission.query_root_fields +* !more-root-fields",
      ],
    );
  });
});

describe("what needs attention", () => {
  const filtered = { columns: ["a"], filter: { a: { _eq: "X-Hasura-User-Id" }, b: { _eq: 1 } } };
  const sameRow = { items: { a: { _eq: 1 }, b: { _eq: 2 } } };
  const anyRows = { _and: [{ items: { a: { _eq: 1 } } }, { items: { b: { _eq: 2 } } }] };
  const attention = (before: JsonMap, after: JsonMap): string[] =>
    compareMetadata(before, after).flatMap((each) => each.attention);

  const cases: Readonly<Record<string, readonly [JsonMap, JsonMap, readonly string[]]>> = {
    "a row filter that is gone": [
      withTable(select(filtered)),
      withTable(select({ ...filtered, filter: {} })),
      ["no-row-filter"],
    ],
    "a row filter with a part less": [
      withTable(select(filtered)),
      withTable(select({ ...filtered, filter: { b: { _eq: 1 } } })),
      ["weaker-row-filter"],
    ],
    "a row filter with a part more": [
      withTable(select(filtered)),
      withTable(select({ ...filtered, filter: { ...filtered.filter, c: { _eq: 2 } } })),
      [],
    ],
    "a row filter whose conditions no longer hold for one related row": [
      withTable(select({ ...filtered, filter: sameRow })),
      withTable(select({ ...filtered, filter: anyRows })),
      ["weaker-row-filter"],
    ],
    "a row filter whose conditions have to hold for one related row": [
      withTable(select({ ...filtered, filter: anyRows })),
      withTable(select({ ...filtered, filter: sameRow })),
      [],
    ],
    "a row filter with a part more on a related row": [
      withTable(select({ ...filtered, filter: { items: { a: { _eq: 1 } } } })),
      withTable(select({ ...filtered, filter: sameRow })),
      [],
    ],
    "a row filter with an alternative": [
      withTable(select(filtered)),
      withTable(select({ ...filtered, filter: { _or: [filtered.filter, {}] } })),
      ["weaker-row-filter"],
    ],
    "all columns": [
      withTable(select(filtered)),
      withTable(select({ ...filtered, columns: "*" })),
      ["all-columns"],
    ],
    "a new role without a row filter": [
      withTable(select(filtered)),
      withTable({
        select_permissions: [
          { role: "user", permission: filtered },
          { role: "support", permission: { columns: ["a"], filter: {} } },
        ],
      }),
      ["new-permission", "no-row-filter"],
    ],
    "a permission that is gone": [
      withTable(select(filtered)),
      withTable({}),
      ["removed-permission"],
    ],
    "one column more": [
      withTable(select(filtered)),
      withTable(select({ ...filtered, columns: ["a", "b"] })),
      ["more-columns"],
    ],
    "one computed field more": [
      withTable(select(filtered)),
      withTable(select({ ...filtered, computed_fields: ["salary_total"] })),
      ["more-computed-fields"],
    ],
    "one column less": [
      withTable(select({ ...filtered, columns: ["a", "b"] })),
      withTable(select(filtered)),
      [],
    ],
    "validation of inserted rows that is gone": [
      withTable({
        insert_permissions: [
          {
            role: "user",
            permission: {
              check: { a: { _eq: 1 } },
              validate_input: { type: "http", definition: { url: "https://h" } },
            },
          },
        ],
      }),
      withTable({
        insert_permissions: [{ role: "user", permission: { check: { a: { _eq: 1 } } } }],
      }),
      ["weaker-check"],
    ],
    "another handler of an action, which gets the client's headers": [
      actionWith({}),
      actionWith({ handler: "https://pay/y", forward_client_headers: true }),
      ["other-address", "forwarded-headers"],
    ],
    "another address in the transformed requests of an action": [
      actionWith({ request_transform: { version: 2, url: "{{$base_url}}/a" } }),
      actionWith({ request_transform: { version: 2, url: "https://other/a" } }),
      ["other-address"],
    ],
    "another address in the transformed requests of a cron trigger": [
      { version: 3, cron_triggers: [{ name: "t", webhook: "https://h", schedule: "* * * * *" }] },
      {
        version: 3,
        cron_triggers: [
          {
            ...{ name: "t", webhook: "https://h", schedule: "* * * * *" },
            request_transform: { version: 2, url: "https://other" },
          },
        ],
      },
      ["other-address"],
    ],
    "another address that validates rows, which gets the client's headers": [
      validatedBy({ url: "https://h" }),
      validatedBy({ url: "https://other", forward_client_headers: true }),
      ["other-address", "forwarded-headers"],
    ],
    "an address that validates rows, where none did": [
      withTable({ insert_permissions: [{ role: "user", permission: { check: {} } }] }),
      validatedBy({ url: "https://h" }),
      ["other-address"],
    ],
    "a host whose certificates are not verified": [
      { version: 3, network: { tls_allowlist: [{ host: "a.example", suffix: "8443" }] } },
      { version: 3, network: { tls_allowlist: [{ host: "a.example" }] } },
      ["trusted-certificates"],
    ],
    "one host less whose certificates are not verified": [
      { version: 3, network: { tls_allowlist: [{ host: "a.example" }, { host: "b.example" }] } },
      { version: 3, network: { tls_allowlist: [{ host: "b.example" }] } },
      [],
    ],
    "another address that traces are sent to": [
      tracesTo({ otlp_traces_endpoint: "https://a" }),
      tracesTo({ otlp_traces_endpoint: "https://b" }),
      ["other-address"],
    ],
    "another data connector": [
      { version: 3, backend_configs: { dataconnector: { x: { uri: "http://a" } } } },
      { version: 3, backend_configs: { dataconnector: { x: { uri: "http://b" } } } },
      ["other-address"],
    ],
    "another webhook of an event trigger": [
      withTable({ event_triggers: [{ name: "t", definition: {}, webhook: "https://h" }] }),
      withTable({ event_triggers: [{ name: "t", definition: {}, webhook_from_env: "HOOK" }] }),
      ["other-address"],
    ],
    "another secret": [
      actionWith({ headers: [{ name: "A", value: "old" }] }),
      actionWith({ headers: [{ name: "A", value: "new" }] }),
      ["secret-value"],
    ],
    "another schema of a remote schema's role": [
      remoteWith("type Query { a: Int }"),
      remoteWith("type Query { a: Int b: Int }"),
      ["other-schema"],
    ],
    "another name of an event trigger": [
      withTable({ event_triggers: [{ name: "t", definition: {}, webhook: "https://h" }] }),
      withTable({ event_triggers: [{ name: "u", definition: {}, webhook: "https://h" }] }),
      ["undelivered-events"],
    ],
    "an event trigger that is gone": [
      withTable({ event_triggers: [{ name: "t", definition: {}, webhook: "https://h" }] }),
      withTable({}),
      ["removed-trigger"],
    ],
    "queries that are no longer allowed": [
      { version: 3, allowlist: [{ collection: "mobile", scope: { global: true } }] },
      { version: 3 },
      ["removed"],
    ],
    "an action that is gone": [actionWith({}), { version: 3, sources: [] }, ["removed"]],
    aggregations: [
      withTable(select(filtered)),
      withTable(select({ ...filtered, allow_aggregations: true })),
      ["aggregations"],
    ],
    "a raised limit": [
      withTable(select({ ...filtered, limit: 10 })),
      withTable(select({ ...filtered, limit: 100 })),
      ["higher-limit"],
    ],
    "a limit that is gone": [
      withTable(select({ ...filtered, limit: 10 })),
      withTable(select(filtered)),
      ["higher-limit"],
    ],
    "a lowered limit": [
      withTable(select({ ...filtered, limit: 10 })),
      withTable(select({ ...filtered, limit: 5 })),
      [],
    ],
    "a column preset that is gone": [
      withTable({
        insert_permissions: [
          { role: "user", permission: { check: {}, set: { owner: "X-Hasura-User-Id" } } },
        ],
      }),
      withTable({ insert_permissions: [{ role: "user", permission: { check: {} } }] }),
      ["fewer-presets"],
    ],
    "a check that is gone": [
      withTable({
        insert_permissions: [{ role: "user", permission: { check: { a: { _eq: 1 } } } }],
      }),
      withTable({ insert_permissions: [{ role: "user", permission: { check: {} } }] }),
      ["no-check"],
    ],
    "no longer only for the backend": [
      withTable({
        delete_permissions: [
          { role: "user", permission: { filter: { a: { _eq: 1 } }, backend_only: true } },
        ],
      }),
      withTable({
        delete_permissions: [{ role: "user", permission: { filter: { a: { _eq: 1 } } } }],
      }),
      ["not-only-backend"],
    ],
    "a relationship and a computed field that are gone": [
      withTable({
        object_relationships: [{ name: "u", using: { foreign_key_constraint_on: "u_id" } }],
        computed_fields: [{ name: "total", definition: { function: "total" } }],
      }),
      withTable({}),
      ["removed", "removed"],
    ],
    "another name of a table": [
      withTable({}),
      withTable({ configuration: { custom_name: "purchases" } }),
      ["other-names"],
    ],
    "another name of a root field": [
      withTable({ configuration: { custom_root_fields: { select: "all" } } }),
      withTable({ configuration: { custom_root_fields: { select: { name: "list" } } } }),
      ["other-names"],
    ],
    "another comment on a root field": [
      withTable({ configuration: { custom_root_fields: { select: "all" } } }),
      withTable({
        configuration: { custom_root_fields: { select: { name: "all", comment: "c" } } },
      }),
      [],
    ],
    "another name of a column, and a comment on another": [
      withTable({ configuration: { column_config: { a: { custom_name: "A" } } } }),
      withTable({ configuration: { column_config: { b: { comment: "b" } } } }),
      ["other-names"],
    ],
    "another name of a function's field": [
      functionWith({ custom_name: "find" }),
      functionWith({ custom_root_fields: { function: "search" } }),
      ["other-names"],
    ],
    "another prefix of a remote schema's types": [
      {
        version: 3,
        sources: [],
        remote_schemas: [{ name: "r", definition: { url: "https://r" } }],
      },
      {
        ...{ version: 3, sources: [] },
        remote_schemas: [
          {
            name: "r",
            definition: { url: "https://r", customization: { type_names: { prefix: "r_" } } },
          },
        ],
      },
      ["other-names"],
    ],
    "another path of a REST endpoint": [
      endpointAt("orders"),
      endpointAt("purchases"),
      ["other-names"],
    ],
    "a new inherited role": [
      { version: 3, sources: [] },
      { version: 3, sources: [], inherited_roles: [{ role_name: "all", role_set: ["a"] }] },
      ["new-role"],
    ],
    "one more role inherited": [
      { version: 3, sources: [], inherited_roles: [{ role_name: "all", role_set: ["a"] }] },
      { version: 3, sources: [], inherited_roles: [{ role_name: "all", role_set: ["a", "b"] }] },
      ["more-roles"],
    ],
    "introspection for one role more": [
      { version: 3, sources: [], graphql_schema_introspection: { disabled_for_roles: ["a"] } },
      { version: 3, sources: [] },
      ["introspection"],
    ],
    "an API limit that is raised": [
      { version: 3, sources: [], api_limits: { depth_limit: { global: 5 } } },
      { version: 3, sources: [], api_limits: { depth_limit: { global: 9 } } },
      ["higher-limit"],
    ],
    "another database": [
      {
        version: 3,
        sources: [
          {
            name: "default",
            kind: "postgres",
            tables: [],
            configuration: { connection_info: { database_url: { from_env: "A" } } },
          },
        ],
      },
      {
        version: 3,
        sources: [
          {
            name: "default",
            kind: "postgres",
            tables: [],
            configuration: { connection_info: { database_url: { from_env: "B" } } },
          },
        ],
      },
      ["connection"],
    ],
  };
  for (const [name, [before, after, expected]] of Object.entries(cases)) {
    test(name, () => {
      assert.deepEqual(attention(before, after), expected);
    });
  }

  test("a filter that no longer holds for one related row is shown whole, also with an additional part", () => {
    const [before, after] = [sameRow, { ...anyRows, c: { _eq: 3 } }].map((filter) =>
      withTable(select({ ...filtered, filter })),
    );
    const [change] = compareMetadata(before ?? {}, after ?? {});
    assert.deepEqual(change?.attention, ["weaker-row-filter"]);
    assert.match(change.fields[0]?.from ?? "", /^\{"items":\{"a".*"b"/);
  });

  test("a database, unless only the settings of its pool differ", () => {
    const database = (more: JsonMap): JsonMap => ({
      version: 3,
      sources: [
        {
          name: "default",
          kind: "postgres",
          tables: [],
          configuration: { connection_info: { database_url: { from_env: "A" }, ...more } },
        },
      ],
    });
    const pool = { pool_settings: { retries: 3 }, use_prepared_statements: true };
    assert.notEqual(compareMetadata(database({}), database(pool)).length, 0);
    assert.deepEqual(attention(database({}), database(pool)), []);
    assert.deepEqual(attention(database({}), database({ isolation_level: "serializable" })), [
      "connection",
    ]);
  });

  test("an insert permission on a new table only if it checks nothing", () => {
    const table = (check: JsonMap): JsonMap => ({
      table: { schema: "public", name: "n" },
      insert_permissions: [{ role: "user", permission: { check, columns: ["a"] } }],
    });
    assert.deepEqual(attention(withTable({}), withTable({}, table({}))), ["no-check"]);
    assert.deepEqual(attention(withTable({}), withTable({}, table({ a: { _eq: 1 } }))), []);
  });

  test("a permission on a new table only if it has no row filter", () => {
    const table = (permission: JsonMap): JsonMap => ({
      table: { schema: "public", name: "n" },
      ...select(permission),
    });
    assert.deepEqual(attention(withTable({}), withTable({}, table(filtered))), []);
    assert.deepEqual(
      attention(withTable({}), withTable({}, table({ columns: ["a"], filter: {} }))),
      ["no-row-filter"],
    );
  });
});

describe("secrets", () => {
  const secret = "hunter2-hunter2";
  const shown = (before: JsonMap, after: JsonMap): string =>
    JSON.stringify(compareMetadata(before, after));

  const cases: Readonly<Record<string, (value: string) => JsonMap>> = {
    "a header of an action": (value) => actionWith({ headers: [{ name: "Authorization", value }] }),
    "a header of an event trigger": (value) =>
      withTable({
        event_triggers: [{ name: "t", webhook: "https://h", headers: [{ name: "A", value }] }],
      }),
    "a header of a remote schema": (value) => ({
      version: 3,
      sources: [],
      remote_schemas: [
        { name: "r", definition: { url: "https://r", headers: [{ name: "A", value }] } },
      ],
    }),
    "a header that a transform adds": (value) =>
      actionWith({
        request_transform: {
          version: 2,
          request_headers: { add_headers: { Authorization: value } },
        },
      }),
    "a database's address": (value) => ({
      version: 3,
      sources: [
        {
          name: "default",
          kind: "postgres",
          tables: [],
          configuration: { connection_info: { database_url: `postgres://u:${value}@h/d` } },
        },
      ],
    }),
    "a password of a connection": (value) => ({
      version: 3,
      sources: [
        {
          name: "default",
          kind: "postgres",
          tables: [],
          configuration: {
            connection_info: {
              database_url: { connection_parameters: { host: "h", password: value } },
            },
          },
        },
      ],
    }),
    "a read replica's address": (value) => ({
      version: 3,
      sources: [
        {
          name: "default",
          kind: "postgres",
          tables: [],
          configuration: {
            connection_info: { database_url: { from_env: "A" } },
            read_replicas: [{ database_url: `postgres://u:${value}@h/d` }],
          },
        },
      ],
    }),
    "a read replica's connection string": (value) => ({
      version: 3,
      sources: [
        {
          name: "default",
          kind: "mssql",
          tables: [],
          configuration: {
            connection_info: { connection_string: { from_env: "A" } },
            read_replicas: [{ connection_string: `Server=h;Uid=u;Pwd=${value}` }],
          },
        },
      ],
    }),
    "the configuration of a data connector": (value) => ({
      version: 3,
      sources: [
        {
          ...{ name: "warehouse", kind: "snowflake", tables: [] },
          configuration: { value: { jdbc_url: `jdbc:x?k=${value}`, role: value }, timeout: null },
        },
      ],
    }),
    "a handler's address": (value) => ({
      version: 3,
      sources: [],
      actions: [
        { name: "a", definition: { handler: `https://user:${value}@pay/x?token=${value}` } },
      ],
    }),
    "a handler's address that begins with a variable": (value) =>
      actionWith({ handler: `{{PAY_URL}}/x?token=${value}&id={{ID}}` }),
    "a header of OpenTelemetry": (value) => ({
      version: 3,
      sources: [],
      opentelemetry: { exporter_otlp: { headers: [{ name: "A", value }] } },
    }),
  };
  for (const [name, withValue] of Object.entries(cases)) {
    test(`${name} is never shown, only that it differs`, () => {
      assert.notEqual(shown(withValue("other-value"), withValue(secret)), "[]");
      for (const [before, after] of [
        [withValue("other-value"), withValue(secret)],
        [withValue(secret), { version: 3, sources: [] }],
        [{ version: 3, sources: [] }, withValue(secret)],
      ] as const)
        assert.ok(!shown(before, after).includes(secret));
    });
  }
});
