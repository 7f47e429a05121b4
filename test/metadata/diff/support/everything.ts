import type { JsonMap } from "../../../../src/metadata/document/json.ts";

/** Metadata with every kind of object, written as short as the server accepts it. */
export const everything: JsonMap = {
  version: 3,
  sources: [
    {
      name: "default",
      kind: "postgres",
      configuration: { connection_info: { database_url: { from_env: "URL" } } },
      tables: [
        {
          table: "orders",
          configuration: { custom_column_names: { created_at: "createdAt" } },
          object_relationships: [
            { name: "customer", using: { foreign_key_constraint_on: "customer_id" } },
            {
              name: "region",
              using: {
                manual_configuration: {
                  remote_table: "regions",
                  column_mapping: { country: "country", zip: "zip" },
                },
              },
            },
          ],
          array_relationships: [
            {
              name: "lines",
              using: { foreign_key_constraint_on: { table: "lines", column: "order_id" } },
            },
          ],
          remote_relationships: [
            {
              name: "payment",
              definition: {
                to_remote_schema: {
                  remote_schema: "payments",
                  lhs_fields: ["id", "customer_id"],
                  remote_field: { payment: { arguments: { id: "$id" } } },
                },
              },
            },
          ],
          computed_fields: [{ name: "total", definition: { function: "order_total" } }],
          insert_permissions: [{ role: "user", permission: { check: {} } }],
          select_permissions: [
            {
              role: "user",
              permission: {
                columns: ["id", "customer_id", "created_at"],
                filter: {
                  _and: [
                    { customer: { user_id: { _eq: "X-Hasura-User-Id" }, active: { _eq: true } } },
                    { _or: [{ _and: [{ a: { _gt: 1, _lt: 9 } }, {}] }, { b: 1 }] },
                    { _exists: { _table: "admins", _where: { id: { _eq: "X-Hasura-User-Id" } } } },
                  ],
                },
              },
            },
            { role: "clerk", permission: { columns: "*", filter: {}, query_root_fields: [] } },
          ],
          update_permissions: [
            { role: "user", permission: { columns: ["id", "state"], filter: { id: { _gt: 1 } } } },
          ],
          delete_permissions: [{ role: "clerk", permission: { filter: {} } }],
          event_triggers: [
            {
              name: "order_created",
              definition: { insert: { columns: ["id", "state"] }, delete: { columns: "*" } },
              webhook: "https://hook",
              retry_conf: { num_retries: 0, interval_sec: 10 },
            },
          ],
        },
        { table: { schema: "public", name: "admins" } },
      ],
      functions: [{ function: "search_orders", permissions: [{ role: "user" }] }],
    },
  ],
  actions: [
    {
      name: "checkout",
      definition: { handler: "https://pay", output_type: "Receipt" },
      permissions: [{ role: "user" }],
    },
    { name: "prices", definition: { type: "query", handler: "https://p", output_type: "Int" } },
  ],
  custom_types: {
    objects: [{ name: "Receipt", fields: [{ name: "id", type: "Int", description: null }] }],
    enums: [{ name: "State", values: [{ value: "OPEN" }, { value: "PAID" }] }],
  },
  remote_schemas: [
    {
      name: "payments",
      definition: { url: "https://pay/graphql" },
      permissions: [{ role: "user", definition: { schema: "type Query { a: Int }" } }],
    },
  ],
  cron_triggers: [
    { name: "nightly", webhook: "https://n", schedule: "0 1 * * *", include_in_metadata: true },
  ],
  query_collections: [
    {
      name: "mobile",
      definition: { queries: [{ name: "Orders", query: "query Orders { orders { id } }" }] },
    },
  ],
  allowlist: [{ collection: "mobile" }],
  rest_endpoints: [
    {
      name: "orders",
      url: "orders",
      methods: ["GET", "POST"],
      definition: { query: { collection_name: "mobile", query_name: "Orders" } },
    },
  ],
  inherited_roles: [{ role_name: "both", role_set: ["user", "clerk"] }],
};
