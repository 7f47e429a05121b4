import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { FileAssessment, TableFacts } from "../../src/engine/plan/assessment.ts";
import { assessFiles } from "../../src/lint/assess.ts";
import { allowableRules, type StatementImpact } from "../../src/protocol/impact.ts";
import { ruleIds } from "../../src/lint/rules/rule-ids.ts";

const large: TableFacts = {
  rows: 1_200_000,
  bytes: 340_000_000,
  isEmpty: false,
  definition:
    "CREATE TABLE orders (id int NOT NULL, amount int, label varchar(10), CONSTRAINT set_amount CHECK (amount IS NOT NULL))",
};
const customers: TableFacts = { ...large, definition: "CREATE TABLE customers (id int)" };
const tables = new Map([
  ["orders", large],
  ["customers", customers],
]);

/** The other objects that exist. */
const exist = new Set([
  "schema shop",
  "schema archive",
  "type mood",
  "extension citext",
  "collation german",
]);

/** Assesses up files against these tables; a `down:` in front of a file makes it a down file. */
async function assess(
  files: readonly string[],
  facts: ReadonlyMap<string, TableFacts> | "unknown" = tables,
): Promise<{ readonly files: readonly FileAssessment[]; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const assessed = await assessFiles(
    files.map((text) => ({
      direction: text.startsWith("down:") ? "down" : "up",
      sql: () => Promise.resolve(text.replace("down:", "")),
    })),
    {
      tables: (names) => {
        asked.push(...names);
        if (facts === "unknown") return Promise.resolve(undefined);
        return Promise.resolve(new Map([...facts].filter(([name]) => names.includes(name))));
      },
      objects: (objects) =>
        Promise.resolve(
          new Set(
            objects.flatMap(({ kind, name }, i) => (exist.has(`${kind} ${name}`) ? [i] : [])),
          ),
        ),
      definitions: (names) => {
        asked.push(...names.map(({ kind, places }) => `${kind} ${places.join(" or ")}`));
        return Promise.resolve([]);
      },
    },
  );
  return { files: assessed, asked };
}

/** `effect of table: risk, needs rules` for each statement of one file. */
async function summaryOf(sql: string, facts?: ReadonlyMap<string, TableFacts>): Promise<string[]> {
  const { files } = await assess([sql], facts);
  return files.flatMap(({ statements }) => statements.map(summary));
}

function summary({ effect, loses, table, risk, needs, message }: StatementImpact): string {
  const what = loses
    ? `loses ${loses.what} ${loses.name}`
    : `${effect ?? "finding"} ${table ?? ""}`;
  return [
    what.trim(),
    ...(risk === undefined ? [] : [risk]),
    ...(needs === undefined ? [] : [`needs ${needs.join(" ")}`]),
    ...(message === undefined ? [] : [message]),
  ].join(", ");
}

describe("assessing the files of a plan", () => {
  test.each([
    ["CREATE INDEX x ON orders (amount)", "scan orders, blocking, needs index-blocks-writes"],
    [
      "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()",
      "rewrite orders, blocking, needs column-rewrite",
    ],
    ["ALTER TABLE orders ALTER amount TYPE bigint", "rewrite orders, blocking, needs type-rewrite"],
    [
      "ALTER TABLE orders ALTER id DROP NOT NULL, ALTER label SET NOT NULL",
      "scan orders, blocking, needs set-not-null",
    ],
    ["ALTER TABLE orders ADD CHECK (id > 0)", "scan orders, blocking, needs check-validates"],
    ["ALTER TABLE orders ADD UNIQUE (id)", "scan orders, blocking, needs constraint-builds-index"],
    [
      "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES customers (id)",
      "scan orders, blocking, needs foreign-key-validates",
    ],
    ["CLUSTER orders USING x", "rewrite orders, blocking, needs maintenance-blocks"],
    [
      "-- hasura:no-transaction\nVACUUM FULL",
      "finding, blocking, needs maintenance-blocks, VACUUM FULL blocks reads and writes of every table that it works on, one after the other.",
    ],
    [
      "-- hasura:no-transaction\nREINDEX SCHEMA public",
      "finding, blocking, needs maintenance-blocks, REINDEX blocks writes to every table that it works on, one after the other.",
    ],
    ["DROP TABLE orders", "loses table orders, data-loss, needs drop-data"],
    ["DROP OWNED BY app", "loses owned app, data-loss, needs drop-data"],
    [
      "ALTER TABLE orders DROP COLUMN label",
      "loses column orders.label, data-loss, needs drop-data",
    ],
    ["TRUNCATE public.orders", "loses rows orders, data-loss, needs drop-data"],
    ["DELETE FROM orders", "loses rows orders, data-loss, needs mass-change"],
    ["DELETE FROM orders WHERE 1 = 1", "loses rows orders, data-loss, needs mass-change"],
    ["DROP SCHEMA shop CASCADE", "loses schema shop, data-loss, needs drop-data"],
    [
      "DO $$ BEGIN IF EXISTS (SELECT FROM orders) THEN ALTER TABLE orders DROP COLUMN label; END IF; END $$",
      "loses column orders.label, data-loss, needs drop-data",
    ],
    ["DROP TYPE mood CASCADE", "loses dependents mood, data-loss, needs drop-cascade"],
    [
      "down:ALTER TABLE orders ALTER amount TYPE bigint",
      "rewrite orders, blocking, needs type-rewrite",
    ],
    ["down:DROP TABLE orders", "loses table orders, data-loss, needs drop-data"],
    ["ALTER TABLE orders VALIDATE CONSTRAINT c", "scan orders"],
    [
      "UPDATE orders SET amount = 1",
      "rows orders, UPDATE without WHERE changes every row of orders, and keeps them locked until the transaction ends.",
    ],
    [
      "UPDATE orders SET amount = 1 WHERE true",
      "rows orders, UPDATE with a WHERE that is always true changes every row of orders, and keeps them locked until the transaction ends.",
    ],
  ])("%s", async (sql, expected) => {
    assert.deepEqual(await summaryOf(sql), [expected]);
  });

  test.each([
    "CREATE TABLE t (id int); CREATE INDEX x ON t (id); DROP TABLE t",
    "ALTER TABLE orders ADD COLUMN note text",
    "ALTER TABLE orders ALTER label TYPE text",
    "ALTER TABLE orders ALTER amount SET NOT NULL",
    "ALTER TABLE orders DROP COLUMN IF EXISTS nothing",
    "DELETE FROM orders WHERE id = 7",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DROP TABLE orders'",
    "DROP TABLE IF EXISTS missing",
    "DO $$ BEGIN DROP TABLE IF EXISTS missing; ALTER TABLE orders DROP COLUMN nothing; END $$",
    "DO $$ BEGIN CREATE TABLE n (a int); DELETE FROM n; DROP TABLE n; END $$",
    "CREATE TEMP TABLE orders (id int); DO $$ BEGIN DELETE FROM orders; DROP TABLE orders; END $$",
    "-- nothing",
  ])("nothing worth a look: %s", async (sql) => {
    assert.deepEqual(await summaryOf(sql), []);
  });

  test.each([
    [
      "ALTER SCHEMA shop RENAME TO store; DROP TABLE store.carts",
      "loses table store.carts, data-loss, needs drop-data",
    ],
    [
      "ALTER SCHEMA shop RENAME TO store; ALTER TABLE store.carts SET SCHEMA public; DROP TABLE carts",
      "loses table carts, data-loss, needs drop-data",
    ],
    [
      "ALTER TABLE shop.carts RENAME TO baskets; ALTER SCHEMA shop RENAME TO store; DROP TABLE store.baskets",
      "loses table store.baskets, data-loss, needs drop-data",
    ],
    [
      "ALTER SCHEMA shop RENAME TO store; DROP SCHEMA store CASCADE",
      "loses schema store, data-loss, needs drop-data",
    ],
    [
      "CREATE TEMP TABLE orders (id int); DROP TABLE public.orders",
      "loses table orders, data-loss, needs drop-data",
    ],
    [
      "CREATE TEMP TABLE orders (id int); DROP TABLE orders; DROP TABLE orders",
      "loses table orders, data-loss, needs drop-data",
    ],
    [
      "SELECT 1 AS id INTO TEMP orders; ALTER TABLE orders RENAME TO old; DROP TABLE old; DROP TABLE orders",
      "loses table orders, data-loss, needs drop-data",
    ],
    [
      "MERGE INTO orders AS o USING customers AS c ON o.id = c.id WHEN MATCHED THEN DELETE",
      "loses rows orders, data-loss, needs mass-change",
    ],
    ["DROP COLLATION german CASCADE", "loses dependents german, data-loss, needs drop-cascade"],
    [
      "ALTER TYPE mood RENAME TO feeling; DROP TYPE IF EXISTS feeling CASCADE",
      "loses dependents feeling, data-loss, needs drop-cascade",
    ],
    [
      "CREATE SCHEMA IF NOT EXISTS attic; ALTER TABLE orders SET SCHEMA attic; DROP SCHEMA attic CASCADE",
      "loses schema attic, data-loss, needs drop-data",
    ],
    [
      "CREATE TYPE size AS ENUM ('s'); ALTER TABLE orders ALTER label TYPE size USING 's'; DROP TYPE size CASCADE",
      "loses dependents size, data-loss, needs drop-cascade",
    ],
    [
      "SET search_path = shop; DROP TYPE IF EXISTS mood CASCADE",
      "loses dependents mood, data-loss, needs drop-cascade",
    ],
  ])("is not misled by: %s", async (sql, expected) => {
    const known = new Map([...tables, ["shop.carts", customers]]);
    const found = (await summaryOf(sql, known)).filter((each) => each.startsWith("loses"));
    assert.deepEqual(found, [expected]);
  });

  test.each([
    "DROP SCHEMA IF EXISTS missing CASCADE",
    "DROP TYPE IF EXISTS missing, shop.missing CASCADE",
    "DROP DOMAIN IF EXISTS missing CASCADE",
    "DROP EXTENSION IF EXISTS missing CASCADE",
    "DROP COLLATION IF EXISTS missing CASCADE",
    "CREATE COLLATION c (locale = 'de'); DROP COLLATION c CASCADE",
    "CREATE SCHEMA new; ALTER SCHEMA new RENAME TO newer; DROP SCHEMA newer CASCADE",
    "CREATE TEMP TABLE orders (id int); TRUNCATE orders; DELETE FROM orders; DROP TABLE orders",
    "CREATE TEMP TABLE IF NOT EXISTS orders AS SELECT 1 AS id; DROP TABLE IF EXISTS orders, pg_temp.orders",
    "ALTER TABLE orders DROP COLUMN nothing",
    "ALTER TABLE orders ADD COLUMN note text; ALTER TABLE orders DROP COLUMN note",
    "MERGE INTO orders AS o USING customers AS c ON o.id = c.id WHEN MATCHED AND c.id < 5 THEN DELETE",
    "MERGE INTO orders AS o USING customers AS c ON o.id = c.id WHEN NOT MATCHED THEN INSERT VALUES (c.id)",
  ])("loses no data from before the run: %s", async (sql) => {
    assert.deepEqual(
      (await summaryOf(sql)).filter((each) => each.startsWith("loses")),
      [],
    );
  });

  test.each([
    "CREATE ROLE app PASSWORD hunter22",
    "CREATE ROLE app PASSWORD 'hunter22",
    "CREATE ROLE app PASSWORD 'x' 'hunter22' SELECT 'hunter22'",
    'SELECT ("password" := hunter22 x)',
    "SELECT ('postgres://u:hunter22@host/' 'postgres://u:hunter22@host/')",
  ])("a file that cannot be parsed does not show its password: %s", async (sql) => {
    const { files } = await assess([sql]);
    assert.match(files[0]?.notAssessed ?? "", /^line 1: /);
    assert.doesNotMatch(files[0]?.notAssessed ?? "", /hunter22/);
  });

  test.each([
    ["DROP SCHEMA shop CASCADE", "schema shop"],
    ["ALTER SCHEMA shop RENAME TO store", "schema shop"],
    ["ALTER ROUTINE search() SET SCHEMA shop", "function search"],
    ["DROP FOREIGN TABLE orders", "table orders"],
  ])("the names that are gone after %s", async (sql, expected) => {
    const { files } = await assess([sql]);
    const gone = files[0]?.removals?.map(({ kind, name }) => `${kind} ${name}`);
    assert.deepEqual(gone, [expected]);
  });

  test("temporary tables of one file are none of the next", async () => {
    const { files } = await assess(["CREATE TEMP TABLE orders (id int)", "DROP TABLE orders"]);
    assert.deepEqual(files[1]?.statements.map(summary), [
      "loses table orders, data-loss, needs drop-data",
    ]);
  });

  test("what does not exist is a loss if the database does not answer", async () => {
    const sql = "DROP SCHEMA IF EXISTS missing CASCADE";
    const [file] = await assessFiles([{ direction: "up", sql: () => Promise.resolve(sql) }], {
      tables: () => Promise.resolve(undefined),
      objects: () => Promise.resolve(undefined),
      definitions: () => Promise.resolve(undefined),
    });
    assert.deepEqual(file?.statements.map(summary), [
      "loses schema missing, data-loss, needs drop-data",
    ]);
  });

  test("a table that an earlier file of the run creates is exempt, unless IF NOT EXISTS may have skipped it", async () => {
    const { files } = await assess([
      "CREATE TABLE t (id int)",
      "DROP TABLE t",
      "CREATE TABLE IF NOT EXISTS orders (id int); DROP TABLE orders",
    ]);
    assert.deepEqual(
      files.map(({ statements }) => statements.map(summary)),
      [[], [], ["loses table orders, data-loss, needs drop-data"]],
    );
    assert.deepEqual(
      files.map((file) => file.isSensitive),
      [false, true, true],
    );
  });

  test.each(["up", "down"])(
    "%s: a table keeps its rows when it is renamed first",
    async (direction) => {
      const prefix = direction === "down" ? "down:" : "";
      const statements = await summaryOf(
        `${prefix}ALTER TABLE orders RENAME TO a; ALTER TABLE a RENAME TO old; DROP TABLE old`,
      );
      assert.ok(
        statements.includes("loses table old, data-loss, needs drop-data"),
        statements.join(),
      );
    },
  );

  test.each([
    "CREATE SCHEMA s; CREATE TABLE s.t (id int); DROP SCHEMA s CASCADE",
    "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (m mood); DROP TYPE mood CASCADE",
    "CREATE TYPE pair AS (a int, b int); DROP TYPE public.pair CASCADE",
    "CREATE DOMAIN small AS int; DROP DOMAIN small CASCADE",
    "CREATE EXTENSION citext; DROP EXTENSION citext CASCADE",
  ])("what the run itself has created is no loss: %s", async (sql) => {
    const files = sql.split("; ");
    const { files: assessed } = await assess(files);
    assert.deepEqual(
      assessed.flatMap(({ statements }) => statements.filter(({ loses }) => loses)),
      [],
    );
  });

  test.each([
    ["CREATE SCHEMA IF NOT EXISTS shop; DROP SCHEMA shop CASCADE", "loses schema shop"],
    ["CREATE SCHEMA s; ALTER TABLE orders SET SCHEMA s; DROP SCHEMA s CASCADE", "loses schema s"],
    [
      "CREATE TYPE mood AS ENUM ('sad'); ALTER TABLE orders ALTER label TYPE mood USING 'sad'; DROP TYPE mood CASCADE",
      "loses dependents mood",
    ],
    ["CREATE TYPE other AS ENUM ('sad'); DROP TYPE mood CASCADE", "loses dependents mood"],
  ])("what may have been there is: %s", async (sql, lost) => {
    for (const facts of [tables, "unknown"] as const) {
      const { files } = await assess([sql], facts);
      const found = files[0]?.statements.map(summary) ?? [];
      assert.ok(
        found.some((each) => each.startsWith(lost)),
        found.join(),
      );
    }
  });

  describe("with a search path of the file's own", () => {
    const definition = "CREATE TABLE shop.orders (id int, label text)";
    const empty: TableFacts = { ...large, rows: 0, isEmpty: true };
    const lost = "loses table orders, data-loss, needs drop-data";
    const found = async (
      sql: string,
      facts: ReadonlyMap<string, TableFacts> = new Map([["shop.orders", { ...large, definition }]]),
    ): Promise<string[]> =>
      (await summaryOf(sql, facts)).filter((each) => each.startsWith("loses"));

    test.each([
      "SET search_path TO shop; DROP TABLE orders",
      "SET LOCAL search_path = public, shop; DROP TABLE orders",
      "SET SCHEMA 'shop'; DROP TABLE orders",
      "SELECT pg_catalog.set_config('Search_Path', 'public, \"shop\"', true); DROP TABLE orders",
      "SET search_path = shop; ALTER TABLE orders RENAME TO a; ALTER TABLE a RENAME TO orders; DROP TABLE orders",
    ])("a table is found where the file finds it: %s", async (sql) => {
      assert.deepEqual(await found(sql), [lost]);
    });

    test.each([
      "DROP TABLE IF EXISTS orders",
      "SET search_path = shop; DROP TABLE IF EXISTS others",
      "SET search_path = shop; RESET search_path; DROP TABLE IF EXISTS orders",
      "SET LOCAL search_path = shop; RESET ALL; DROP TABLE IF EXISTS orders",
      "SET search_path = ''; DROP TABLE IF EXISTS public.orders",
      "SELECT set_config('lock_timeout', '1s', true); DROP TABLE IF EXISTS orders",
    ])("one that is not there is no risk: %s", async (sql) => {
      assert.deepEqual(await found(sql), []);
    });

    test("if several tables have the name, one with rows counts", async () => {
      const facts = new Map([
        ["shop.orders", empty],
        ["orders", large],
      ]);
      assert.deepEqual(await found("SET search_path = shop; DROP TABLE public.orders", facts), [
        lost,
      ]);
    });

    test("if the path is unknown, a table counts as large", async () => {
      const sql = "SELECT set_config('search_path', current_user, true); DROP TABLE orders";
      assert.deepEqual(await found(sql, new Map([["orders", empty]])), [lost]);
    });

    test("SET LOCAL ends with its file, SET does not", async () => {
      const facts = new Map([["shop.orders", large]]);
      for (const [set, expected] of [
        ["SET LOCAL search_path = shop", []],
        ["SET search_path = shop", [lost]],
      ] as const) {
        const { files } = await assess([set, "DROP TABLE IF EXISTS orders"], facts);
        assert.deepEqual(files[1]?.statements.map(summary), expected);
      }
    });
  });

  test("a table that refers to itself keeps its rows when it is renamed first", async () => {
    const definition =
      "CREATE TABLE orders (id int PRIMARY KEY, parent int REFERENCES orders (id))";
    const facts = new Map([["orders", { ...large, definition }]]);
    assert.deepEqual(
      (await summaryOf("ALTER TABLE orders RENAME TO old; DROP TABLE old", facts)).slice(1),
      ["loses table old, data-loss, needs drop-data"],
    );
  });

  test("a table that the file has emptied is not read by later statements", async () => {
    assert.deepEqual(
      await summaryOf("TRUNCATE orders; ALTER TABLE orders ALTER label SET NOT NULL"),
      ["loses rows orders, data-loss, needs drop-data"],
    );
  });

  test.each([
    ["ADD CONSTRAINT c CHECK (id > 0) NOT VALID", "check-validates"],
    ["ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES customers NOT VALID", "foreign-key-validates"],
  ])("VALIDATE CONSTRAINT blocks in the file that does %s", async (add, rule) => {
    const { files } = await assess([
      `ALTER TABLE orders ${add}; ALTER TABLE orders VALIDATE CONSTRAINT c`,
      "ALTER TABLE orders VALIDATE CONSTRAINT c",
    ]);
    assert.deepEqual(
      files.map(({ statements }) => statements.map(summary)),
      [[`scan orders, blocking, needs ${rule}`], []],
    );
  });

  test("TRUNCATE … CASCADE also removes the rows of tables that refer to it", async () => {
    const definition = "CREATE TABLE orders (id int REFERENCES customers (id), label text)";
    const facts = new Map([...tables, ["orders", { ...large, definition }]]);
    const sql = "ALTER TABLE orders ALTER label SET NOT NULL; TRUNCATE customers CASCADE";
    assert.deepEqual((await summaryOf(sql, facts)).slice(1), [
      "loses rows customers, data-loss, needs drop-data",
      "loses rows orders, data-loss, needs drop-data",
    ]);
  });

  test.each([
    ["TRUNCATE coupons CASCADE", "orders", "coupons"],
    ["SET search_path = shop; TRUNCATE coupons CASCADE", "shop.orders", "shop.coupons"],
    ["ALTER TABLE coupons RENAME TO codes; TRUNCATE codes CASCADE", "orders", "coupons"],
  ])("an empty table that others refer to: %s", async (sql, orders, coupons) => {
    const empty = { ...large, rows: 0, isEmpty: true, definition: `CREATE TABLE ${coupons} ()` };
    const definition = `CREATE TABLE ${orders} (coupon int REFERENCES ${coupons})`;
    const [file] = await assessFiles([{ direction: "up", sql: () => Promise.resolve(sql) }], {
      tables: (names, cascading) => {
        const others = cascading.has(coupons) ? [[orders, { ...large, definition }] as const] : [];
        const own = names.includes(coupons) ? [[coupons, empty] as const] : [];
        return Promise.resolve(new Map<string, TableFacts>([...own, ...others]));
      },
      objects: () => Promise.resolve(new Set()),
      definitions: () => Promise.resolve(undefined),
    });
    assert.deepEqual(file?.statements.map(summary).slice(-1), [
      `loses rows ${orders}, data-loss, needs drop-data`,
    ]);
  });

  test("a change of type that keeps the rows, but builds an index again, is a scan", async () => {
    const definition = "CREATE TABLE orders (id int, label varchar(10), UNIQUE (label))";
    const facts = new Map([["orders", { ...large, definition }]]);
    assert.deepEqual(await summaryOf("ALTER TABLE orders ALTER label TYPE citext", facts), [
      "scan orders, blocking, needs type-reads-table",
    ]);
  });

  test("an empty table is never a risk", async () => {
    const facts = new Map([["orders", { ...large, rows: 0, bytes: 8192, isEmpty: true }]]);
    const { files } = await assess(["DROP TABLE orders", "CREATE INDEX x ON orders (id)"], facts);
    assert.deepEqual(
      files.map(({ statements }) => statements.map(summary)),
      [["loses table orders"], []],
    );
    assert.equal(files[0]?.statements[0]?.rows, 0);
  });

  test("a small table is a risk only if it is lost", async () => {
    const facts = new Map([["orders", { ...large, rows: 200, bytes: 100_000 }]]);
    assert.deepEqual(await summaryOf("CREATE INDEX x ON orders (id); TRUNCATE orders", facts), [
      "scan orders",
      "loses rows orders, data-loss, needs drop-data",
    ]);
  });

  test("rows, size, lock and line are reported", async () => {
    const { files, asked } = await assess(["SELECT 1;\n\nCREATE INDEX x ON orders (amount);"]);
    assert.deepEqual(asked, ["orders"]);
    assert.deepEqual(files[0]?.statements, [
      {
        line: 3,
        table: "orders",
        ...{ effect: "scan", lock: "SHARE", blocks: "writes" },
        ...{ rows: 1_200_000, bytes: 340_000_000 },
        rules: ["index-blocks-writes"],
        ...{ risk: "blocking", needs: ["index-blocks-writes"] },
      },
    ]);
  });

  test("the database is asked for the domains and functions of new columns that the run does not create", async () => {
    const { asked } = await assess([
      "CREATE DOMAIN own AS text; CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (a email)",
      "ALTER TABLE orders ADD COLUMN a own, ADD COLUMN b text DEFAULT now(), ADD COLUMN c int DEFAULT mine()",
      "SET LOCAL search_path = shop; ALTER TABLE orders ADD COLUMN d email, ADD COLUMN e text DEFAULT lower(label_of(1))",
      "ALTER TABLE t ADD COLUMN b email",
      "ALTER TABLE orders ALTER label TYPE public.mail",
    ]);
    assert.deepEqual(
      asked.filter((each) => / /.test(each)),
      ["domain shop.email or email", "function shop.label_of or label_of", "domain mail"],
    );
  });

  test("a table whose size cannot be read counts as large", async () => {
    const { files } = await assess(["CREATE INDEX x ON orders (amount)"], "unknown");
    assert.deepEqual(files[0]?.statements.map(summary), [
      "scan orders, blocking, needs index-blocks-writes",
    ]);
    assert.deepEqual(
      files.flatMap(({ statements }) => statements.map(({ bytes }) => bytes)),
      [undefined],
    );
  });

  test("the file's own directive allows the risk of its statement, which is still shown", async () => {
    const sql = `
      -- hasura-migrate: allow drop-data because nobody reads it
      DROP TABLE orders;`;
    assert.deepEqual(await summaryOf(sql), ["loses table orders, data-loss"]);
    const elsewhere =
      "DROP TABLE customers;\nDROP TABLE orders; -- hasura-migrate: allow drop-data because old";
    assert.deepEqual(await summaryOf(elsewhere), [
      "loses table customers, data-loss, needs drop-data",
      "loses table orders, data-loss",
    ]);
    assert.deepEqual(await summaryOf("-- hasura-migrate: allow drop-data\nDROP TABLE orders"), [
      "loses table orders, data-loss, needs drop-data",
    ]);
  });

  test("a file that cannot be parsed is reported, and the others are examined", async () => {
    const { files } = await assess(["SELECT 1;\nCREATE TABL x ()", "DROP TABLE orders"]);
    assert.equal(files[0]?.notAssessed, 'line 2: syntax error at or near "TABL"');
    assert.deepEqual(files[1]?.statements.map(summary), [
      "loses table orders, data-loss, needs drop-data",
    ]);
  });

  test("the database is not queried for files without a statement to show", async () => {
    assert.deepEqual(
      (await assess(["CREATE TABLE t (id int); INSERT INTO t VALUES (1)"])).asked,
      [],
    );
  });

  test("every rule that can be allowed is one of lint's", () => {
    assert.deepEqual(
      allowableRules.filter((rule) => !ruleIds.includes(rule)),
      [],
    );
  });
});
