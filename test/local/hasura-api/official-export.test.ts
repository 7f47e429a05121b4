import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "vitest";
import * as z from "zod";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { startTestApi } from "../../support/hasura-api.ts";
import { freshDirectory } from "../../support/postgres.ts";
import { exported, v3 } from "../../metadata/write/support/export.ts";

const binary = process.env["HASURA_CLI_BINARY"] ?? "";
const skip = binary === "" ? "HASURA_CLI_BINARY does not name the official Hasura CLI" : false;
const run = promisify(execFile);

const document: JsonMap = {
  version: 3,
  sources: [
    {
      name: "default",
      kind: "postgres",
      tables: [
        {
          table: { schema: "public", name: "orders" },
          configuration: {
            column_config: { id: { custom_name: "orderId" } },
            custom_column_names: { id: "orderId" },
            custom_name: "Order",
            custom_root_fields: {},
          },
          object_relationships: [{ name: "user", using: { foreign_key_constraint_on: "user_id" } }],
          select_permissions: [
            {
              role: "user",
              permission: {
                columns: ["id", "note"],
                filter: {
                  _and: [{ user_id: { _eq: "X-Hasura-User-Id" } }, { n: { _in: [1, 2.5] } }],
                },
                allow_aggregations: true,
              },
              comment: "yes: the *first*",
            },
          ],
          event_triggers: [
            {
              name: "changed",
              definition: { enable_manual: true, update: { columns: "*" } },
              retry_conf: { interval_sec: 10, num_retries: 3, timeout_sec: 60 },
              webhook: "{{HOOK}}/orders",
              headers: [{ name: "key", value: "0x1F" }],
              cleanup_config: { schedule: "0 0 * * *" },
            },
          ],
        },
        { table: { schema: "audit", name: "with space" } },
      ],
      functions: [
        { function: { schema: "public", name: "search" }, configuration: { exposed_as: "query" } },
      ],
      configuration: {
        connection_info: {
          database_url: { from_env: "URL" },
          pool_settings: { max_connections: 5 },
        },
      },
    },
  ],
  remote_schemas: [
    {
      name: "other",
      definition: { url: "https://a.example/graphql", timeout_seconds: 60 },
      comment: "a\ttab",
    },
  ],
  query_collections: [
    {
      name: "allowed-queries",
      definition: { queries: [{ name: "a", query: "query {\n  orders {\n    id\n  }\n}\n" }] },
    },
  ],
  allowlist: [{ collection: "allowed-queries", scope: { global: true } }],
  cron_triggers: [
    {
      name: "daily",
      webhook: "{{HOOK}}/daily",
      schedule: "0 0 * * *",
      include_in_metadata: true,
      payload: { a: [1, null, true, "", "2020-01-01", "😀"] },
    },
  ],
  rest_endpoints: [
    {
      name: "a",
      url: "a/:id",
      methods: ["GET"],
      definition: { query: { collection_name: "allowed-queries", query_name: "a" } },
    },
  ],
  actions: [
    {
      name: "login",
      definition: {
        handler: "{{LOGIN}}",
        output_type: "Session",
        headers: [{ name: "key", value_from_env: "KEY" }],
        arguments: [
          { name: "name", type: "String!", description: "of the user" },
          { name: "ids", type: "[Int!]" },
        ],
        type: "mutation",
        kind: "synchronous",
        timeout: 60,
      },
      permissions: [{ role: "anonymous" }],
      comment: "logs in",
    },
    { name: "me", definition: { handler: "{{ME}}", output_type: "Session", type: "query" } },
  ],
  custom_types: {
    enums: [{ name: "Kind", description: "which", values: [{ value: "A" }, { value: "B" }] }],
    input_objects: [{ name: "Filter", fields: [{ name: "a", type: "Int" }] }],
    objects: [
      {
        name: "Session",
        fields: [
          { name: "token", type: "String!" },
          { name: "user_id", type: "Int" },
        ],
      },
    ],
    scalars: [{ name: "Json" }],
  },
  inherited_roles: [{ role_name: "both", role_set: ["a", "b"] }],
  network: { tls_allowlist: [{ host: "a.example", permissions: ["self-signed"] }] },
  api_limits: { disabled: false, depth_limit: { global: 5, per_role: {} } },
  graphql_schema_introspection: { disabled_for_roles: ["guest"] },
};

async function filesIn(root: string): Promise<Record<string, string>> {
  const entries = await readdir(join(root, "metadata"), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const texts = await Promise.all(files.map((path) => readFile(path, "utf8")));
  return Object.fromEntries(files.map((path, i) => [path.slice(root.length + 1), texts[i] ?? ""]));
}

test("an export writes the files that the official CLI writes", async (t) => {
  if (skip !== false) t.skip(skip);

  const api = await startTestApi(t);
  const post = async (body: object): Promise<unknown> => {
    const response = await fetch(`${api.url}/v1/metadata`, {
      method: "POST",
      headers: { "x-hasura-admin-secret": api.adminSecret },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const args = { allow_inconsistent_metadata: true, metadata: document };
  await post({ type: "replace_metadata", version: 2, args });
  const server = z
    .record(z.string(), z.json())
    .parse(await post({ type: "export_metadata", args: {} }));

  const project = await freshDirectory(t);
  await mkdir(join(project, "metadata"));
  await writeFile(
    join(project, "config.yaml"),
    `version: 3\nendpoint: ${api.url}\nadmin_secret: ${api.adminSecret}\n`,
  );
  const env = { PATH: process.env["PATH"] ?? "", HOME: await freshDirectory(t) };
  const line = ["metadata", "export", "--skip-update-check", "--project", project];
  await run(binary, line, { env, cwd: project });

  const ours = await exported({}, server, v3);
  const theirs = await filesIn(project);
  assert.deepEqual(ours.files, theirs);
  // And nothing is changed in the files that the CLI has written.
  assert.deepEqual((await exported(theirs, server, v3)).changes, []);
});
