import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Migration } from "./projects.ts";
import { hasuraProject } from "./projects.ts";

const roles = ["admin_user", "clerk", "customer", "partner", "viewer"];
const columns = ["id", "name", "owner_id", "amount", "note", "state", "created_at", "updated_at"];

/**
 * A project with many tables, each in a file of its own with four permissions for five roles and a relationship. One migration
 * creates all tables.
 */
export function metadataProject(directory: string, tables: number): string {
  hasuraProject(directory, [createTables(tables)]);
  const databases = join(directory, "metadata/databases");
  const folder = join(databases, "default/tables");
  mkdirSync(folder, { recursive: true });
  const names = Array.from({ length: tables }, (_, i) => `item_${String(i)}`);
  for (const [i, name] of names.entries())
    writeFileSync(join(folder, `public_${name}.yaml`), tableYaml(name, names[i - 1]));
  const includes = names.map((name) => `- "!include public_${name}.yaml"\n`);
  writeFileSync(join(folder, "tables.yaml"), includes.join(""));
  writeFileSync(join(directory, "metadata/version.yaml"), "version: 3\n");
  writeFileSync(
    join(databases, "databases.yaml"),
    `- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: HASURA_GRAPHQL_DATABASE_URL
      isolation_level: read-committed
  tables: "!include default/tables/tables.yaml"
`,
  );
  return directory;
}

function createTables(count: number): Migration {
  const sql = Array.from(
    { length: count },
    (_, i) => `CREATE TABLE item_${String(i)} (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  owner_id text NOT NULL,
  amount numeric NOT NULL DEFAULT 0,
  note text,
  state text NOT NULL DEFAULT 'open',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz
);
`,
  ).join("");
  return { version: "1700000000000", name: "create_items", sql };
}

function tableYaml(name: string, before: string | undefined): string {
  const relationship =
    before === undefined
      ? ""
      : `object_relationships:
  - name: before
    using:
      manual_configuration:
        column_mapping:
          id: id
        insertion_order: null
        remote_table:
          name: ${before}
          schema: public
`;
  const permissions = (["insert", "select", "update", "delete"] as const).map(
    (action) => `${action}_permissions:\n${roles.map((role) => permission(role, action)).join("")}`,
  );
  return `table:\n  name: ${name}\n  schema: public\n${relationship}${permissions.join("")}`;
}

function permission(role: string, action: "insert" | "select" | "update" | "delete"): string {
  const condition = `
        _and:
          - owner_id:
              _eq: X-Hasura-User-Id
          - state:
              _neq: closed`;
  const allowed =
    action === "delete"
      ? ""
      : `      columns:\n${columns.map((column) => `        - ${column}\n`).join("")}`;
  const rule = action === "insert" ? "check" : "filter";
  return `  - role: ${role}\n    permission:\n${allowed}      ${rule}:${condition}\n`;
}
