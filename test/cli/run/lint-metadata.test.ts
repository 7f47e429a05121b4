import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { main } from "../../../src/cli/main.ts";
import { testContext } from "../../support/test-context.ts";

const metadata = {
  "config.yaml": "version: 3\n",
  "metadata/version.yaml": "version: 3\n",
  "metadata/databases/databases.yaml":
    '- name: default\n  kind: postgres\n  configuration: {}\n  tables: "!include default/tables/tables.yaml"\n  functions:\n    - function: { name: search, schema: public }\n',
  "metadata/databases/default/tables/tables.yaml": '- "!include orders.yaml"\n',
  "metadata/databases/default/tables/orders.yaml": `table:
  name: orders
  schema: public
select_permissions:
  - role: user
    permission:
      columns:
        - id
        - note
      filter: {}
`,
};
const create =
  "CREATE TABLE orders (id int, note text, extra text); CREATE TABLE other (id int); CREATE FUNCTION search() RETURNS SETOF orders LANGUAGE sql STABLE AS 'SELECT * FROM orders';";

/** `lint` of a project with these files, and a migration that creates what the metadata uses. */
async function lint(
  t: TestContext,
  argv: readonly string[],
  files: Readonly<Record<string, string>>,
) {
  const context = testContext(t, { argv: ["lint", ...argv] });
  const all = { ...metadata, "migrations/default/1_m/up.sql": create, ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(context.cwd, path)), { recursive: true });
    writeFileSync(join(context.cwd, path), text);
  }
  return { exit: await main(context), out: context.out.text };
}

/** The messages of the rule for a project with this metadata whose migrations are these. */
async function uses(t: TestContext, ...ups: readonly string[]): Promise<string[]> {
  return usesWith(t, {}, ...ups);
}

/** The same, for a project that also has these files. */
async function usesWith(
  t: TestContext,
  more: Readonly<Record<string, string>>,
  ...ups: readonly string[]
): Promise<string[]> {
  const files = Object.fromEntries(
    ups.map((sql, i) => [`migrations/default/${String(i + 2)}_m/up.sql`, sql]),
  );
  const { out } = await lint(t, ["--json"], { ...files, ...more });
  return out
    .trim()
    .split("\n")
    .map((line) =>
      z
        .object({ rule: z.string().optional(), message: z.string().optional() })
        .parse(JSON.parse(line)),
    )
    .flatMap(({ rule, message = "" }) => (rule === "used-by-metadata" ? [message] : []));
}

const inOrders = "metadata/databases/default/tables/orders.yaml";

const inSources = "metadata/databases/databases.yaml";
const inTables = "metadata/databases/default/tables/tables.yaml";

describe("a use in the metadata is reported at the migration that removes the name", () => {
  const cases = [
    ["ALTER TABLE orders DROP COLUMN note", "orders.note", `${inOrders}:9`],
    ["ALTER TABLE orders RENAME note TO remark", "orders.note", `${inOrders}:9`],
    ["DROP TABLE public.orders CASCADE", "orders", `${inOrders}:1`],
    ["ALTER TABLE orders RENAME TO purchases", "orders", `${inOrders}:1`],
    ["ALTER TABLE orders SET SCHEMA archive", "orders", `${inOrders}:1`],
    ["DROP FUNCTION search()", "search", `${inSources}:6`],
    ["ALTER FUNCTION search() RENAME TO find", "search", `${inSources}:6`],
    ["ALTER FUNCTION search() SET SCHEMA archive", "search", `${inSources}:6`],
    ["DROP ROUTINE search", "search", `${inSources}:6`],
    ["ALTER ROUTINE search RENAME TO find", "search", `${inSources}:6`],
    ["DROP FOREIGN TABLE orders", "orders", `${inOrders}:1`],
    ["ALTER FOREIGN TABLE orders RENAME TO purchases", "orders", `${inOrders}:1`],
  ] as const;
  for (const [sql, name, place] of cases)
    test(sql, async (t) => {
      assert.deepEqual(await uses(t, sql), [
        `The metadata uses ${name}, which no longer exists. See ${place}.`,
      ]);
    });

  for (const sql of ["DROP SCHEMA public CASCADE", "ALTER SCHEMA public RENAME TO old"])
    test(`${sql}: every name in the schema`, async (t) => {
      assert.deepEqual(await uses(t, sql), [
        `The metadata uses orders, which no longer exists. See ${inOrders}:1.`,
        `The metadata uses search, which no longer exists. See ${inSources}:6.`,
      ]);
    });

  const silent = [
    ["a procedure of the same name", "DROP PROCEDURE search(int)"],
    ["a schema that must be empty", "DROP SCHEMA public"],
    ["another schema", "DROP SCHEMA shop CASCADE; ALTER SCHEMA archive RENAME TO old"],
    [
      "a schema that is renamed, and back",
      "ALTER SCHEMA public RENAME TO old; ALTER SCHEMA old RENAME TO public",
    ],
    [
      "a schema that is created again",
      `DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${create}`,
    ],
    [
      "a foreign table that is created again",
      "DROP FOREIGN TABLE orders; CREATE FOREIGN TABLE orders (id int, note text) SERVER s",
    ],
    ["a column that it does not use", "ALTER TABLE orders DROP COLUMN extra"],
    ["a table that it does not use", "DROP TABLE other"],
    [
      "a function that is created again",
      `DROP FUNCTION search(); ${create.slice(create.indexOf("CREATE FUNCTION"))}`,
    ],
    [
      "an allowed finding",
      "-- hasura-migrate: allow used-by-metadata because it follows\nALTER TABLE orders DROP COLUMN note",
    ],
  ] as const;
  for (const [what, sql] of silent)
    test(`but not ${what}`, async (t) => {
      assert.deepEqual(await uses(t, sql), []);
    });

  test("but not a column that a later migration adds again", async (t) => {
    const again = "ALTER TABLE orders ADD COLUMN note text";
    assert.deepEqual(await uses(t, "ALTER TABLE orders DROP COLUMN note", again), []);
  });
});

describe("a permission that uses a column through an object relationship", () => {
  const customers = `CREATE TABLE customers (id int PRIMARY KEY, tenant_id int);
ALTER TABLE orders ADD COLUMN customer_id int REFERENCES customers`;
  const inCustomers = "metadata/databases/default/tables/customers.yaml";
  const files = {
    [inTables]: '- "!include orders.yaml"\n- "!include customers.yaml"\n',
    [inOrders]: `table:
  name: orders
  schema: public
object_relationships:
  - name: customer
    using:
      foreign_key_constraint_on: customer_id
select_permissions:
  - role: user
    permission:
      columns: [id]
      filter:
        customer:
          tenant_id:
            _eq: X-Hasura-Tenant
`,
    [inCustomers]: "table:\n  name: customers\n  schema: public\n",
  };
  const reverse = `array_relationships:
  - name: orders
    using:
      foreign_key_constraint_on:
        column: customer_id
        table: { name: orders, schema: public }
`;
  const rename = "ALTER TABLE customers RENAME tenant_id TO tenant";

  test("is reported, if a migration creates the foreign key", async (t) => {
    assert.deepEqual(await usesWith(t, files, customers, rename), [
      `The metadata uses customers.tenant_id, which no longer exists. See ${inOrders}:14.`,
    ]);
  });

  test("is reported, if the other table has the reverse relationship", async (t) => {
    const both = { ...files, [inCustomers]: files[inCustomers] + reverse };
    assert.deepEqual(await usesWith(t, both, rename), [
      `The metadata uses customers.tenant_id, which no longer exists. See ${inOrders}:14.`,
    ]);
  });

  test("is not reported for a column of the same name in another table", async (t) => {
    const other = "CREATE TABLE others (tenant_id int)";
    const drop = "ALTER TABLE others DROP COLUMN tenant_id";
    assert.deepEqual(await usesWith(t, files, customers, other, drop), []);
  });

  test("and the relationship itself, when its table is dropped", async (t) => {
    const drop = "DROP TABLE customers CASCADE";
    assert.deepEqual(await usesWith(t, files, customers, drop), [
      `The metadata uses customers, which no longer exists. See ${inCustomers}:1, ${inOrders}:7.`,
    ]);
  });
});

describe("metadata that cannot be read", () => {
  const down = { "migrations/default/1_m/down.sql": "DROP TABLE orders CASCADE;" };
  const broken = { ...down, [inOrders]: "table:\n  name: [orders\n  schema: public\n" };

  test("is an error with file, line and column", async (t) => {
    const { exit, out } = await lint(t, [], broken);
    assert.equal(exit, 6);
    assert.match(
      out,
      /^✗ metadata\/databases\/default\/tables\/orders\.yaml:[23]:\d+ {2}unreadable-metadata\n {4}This is not valid YAML: /m,
    );
    const json = await lint(t, ["--json"], broken);
    assert.match(
      json.out,
      /"rule":"unreadable-metadata","severity":"error","file":"[^"]+orders.yaml"/,
    );
  });

  test("has the advice that belongs to the problem", async (t) => {
    const { exit, out } = await lint(t, [], { ...down, [inTables]: "" });
    assert.equal(exit, 6);
    assert.match(out, /tables\.yaml:1:1 {2}unreadable-metadata\n.*\n {2}→ Write \[\] in it/);
  });

  test("is not reported if the configuration switches the rule off", async (t) => {
    const config = JSON.stringify({
      environments: {},
      lint: { rules: { "unreadable-metadata": "off" } },
    });
    const { exit } = await lint(t, [], { ...broken, "hasura-migrate.json": config });
    assert.equal(exit, 0);
  });
});
