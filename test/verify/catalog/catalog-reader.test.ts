import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import pg from "pg";
import { CatalogReader } from "../../../src/verify/catalog/catalog-reader.ts";
import {
  objectKey,
  type Catalog,
  type CatalogObject,
} from "../../../src/verify/catalog/catalog.ts";
import { mayChangeRareRows } from "../../../src/verify/catalog/rows.ts";
import { compareCatalogs } from "../../../src/verify/catalog/compare.ts";
import { afterDown, differenceLines } from "../../../src/verify/catalog/difference-text.ts";
import { freshDatabase } from "../../support/postgres.ts";

interface Bench {
  readonly run: (sql: string) => Promise<void>;
  readonly reader: CatalogReader;
  /** Another reader, which has seen nothing before. */
  readonly fresh: () => Promise<CatalogReader>;
}

async function bench(t: TestContext): Promise<Bench> {
  const url = await freshDatabase(t);
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    client.on("error", () => undefined);
    t.onTestFinished(() => client.end());
    return client;
  };
  const session = await connect();
  return {
    run: async (sql) => {
      await session.query(sql);
    },
    reader: await CatalogReader.on(await connect(), { roles: false }),
    fresh: async () => CatalogReader.on(await connect(), { roles: false }),
  };
}

async function eachIn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

function flat(catalog: Catalog): Record<string, CatalogObject> {
  const objects = [...catalog.values()]
    .flat()
    .map((object) => [objectKey(object), object] as const);
  return Object.fromEntries(objects.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a down leaves, in words: the state after `up` and `down`, compared with the one before. */
async function leftovers({ run, reader }: Bench, up: string, down: string): Promise<string[]> {
  const earlier = await reader.read();
  await run(up);
  await reader.read();
  if (down !== "") await run(down);
  return compareCatalogs(earlier, await reader.read()).flatMap((difference) =>
    differenceLines(difference, afterDown),
  );
}

const orders = "create table orders (id int primary key, total int not null default 0, note text);";

/** An up, and its complete down. */
const undone: readonly (readonly [name: string, up: string, down: string])[] = [
  ["a table", "create table a (id serial primary key, b text unique)", "drop table a"],
  ["a column", "alter table orders add x int default 3", "alter table orders drop x"],
  [
    "a column's type",
    "alter table orders alter total type bigint",
    "alter table orders alter total type int",
  ],
  [
    "a dropped column, which comes back at the end",
    "alter table orders drop note",
    "alter table orders add note text",
  ],
  ["a table's name", "alter table orders rename to o", "alter table o rename to orders"],
  ["grants", "grant select on orders to public", "revoke select on orders from public"],
  [
    "grants on a column",
    "grant select (total) on orders to public",
    "revoke select (total) on orders from public",
  ],
  ["an index", "create index i on orders (total)", "drop index i"],
  ["a function", "create function f() returns int language sql as 'select 1'", "drop function f"],
  ["an extension with its objects", "create extension hstore", "drop extension hstore"],
  [
    "an enum",
    "create type mood as enum ('a', 'b'); alter table orders add m mood",
    "alter table orders drop m; drop type mood",
  ],
  ["a view", "create view v as select id from orders", "drop view v"],
  [
    "row level security",
    "alter table orders enable row level security; create policy p on orders using (true)",
    "drop policy p on orders; alter table orders disable row level security",
  ],
  ["a schema", "create schema s; create table s.t (id int)", "drop schema s cascade"],
  ["a comment", "comment on column orders.total is 'x'", "comment on column orders.total is null"],
];

/** A down that forgets something, and how it is called. */
const left: readonly (readonly [words: string, up: string, down: string])[] = [
  ["table a is left over", "create table a (id serial primary key, b text unique)", ""],
  ["column orders.x is left over", "alter table orders add x int generated always as identity", ""],
  [
    "column orders.total: type bigint, was integer",
    "alter table orders alter total type bigint",
    "",
  ],
  ["column orders.total: default 1, was 0", "alter table orders alter total set default 1", ""],
  [
    "column orders.total: nulls allowed, was not allowed",
    "alter table orders alter total drop not null",
    "",
  ],
  [
    'column orders.note: collation pg_catalog."C", was none',
    'alter table orders alter note type text collate "C"',
    "",
  ],
  ["column orders.note: comment hi, was none", "comment on column orders.note is 'hi'", ""],
  ["index orders_total is left over", "create index orders_total on orders (total)", ""],
  [
    "constraint orders.positive is left over",
    "alter table orders add constraint positive check (total > 0)",
    "",
  ],
  [
    "constraint orders.orders_pkey is missing",
    "alter table orders drop constraint orders_pkey; alter table orders alter id set not null",
    "",
  ],
  ["view v is left over", "create view v as select 1 as one", ""],
  ["materialized view m is left over", "create materialized view m as select 1 as one", ""],
  [
    "function f(a integer) is left over",
    "create function f(a int) returns int language sql as 'select 1'",
    "",
  ],
  ["procedure p() is left over", "create procedure p() language sql as 'select 1'", ""],
  [
    "aggregate total(integer) is left over",
    "create aggregate total(int) (sfunc = int4pl, stype = int)",
    "",
  ],
  ["type mood is left over", "create type mood as enum ('a')", ""],
  ["type pair is left over", "create type pair as (a int, b int)", ""],
  ["domain positive is left over", "create domain positive as int check (value > 0)", ""],
  ["sequence s is left over", "create sequence s", ""],
  ["policy orders.p is left over", "create policy p on orders", ""],
  [
    "table orders: row level security enabled, was none",
    "alter table orders enable row level security",
    "",
  ],
  ["rule orders.r is left over", "create rule r as on delete to orders do instead nothing", ""],
  ["extension hstore is left over", "create extension hstore", ""],
  ["schema s is left over", "create schema s; create table s.t (id int)", ""],
  [
    "schema public: comment ours, was standard public schema",
    "comment on schema public is 'ours'",
    "",
  ],
  [
    "table orders: grants select to public, was none",
    "grant select on orders to public",
    "revoke all on orders from current_user",
  ],
  ["statistics s is left over", "create statistics s on id, total from orders", ""],
  [
    "text search configuration c is left over",
    "create text search configuration c (copy = simple)",
    "",
  ],
  [
    "cast text to point is left over",
    "create function p(text) returns point language sql as 'select null::point'; create cast (text as point) with function p(text)",
    "create or replace function p(text) returns point language sql as 'select null::point'",
  ],
  ["table orders: logging unlogged, was none", "alter table orders set unlogged", ""],
  [
    "table orders: storage options fillfactor=70, was none",
    "alter table orders set (fillfactor = 70)",
    "",
  ],
  [
    "event trigger e is left over",
    "create function e() returns event_trigger language plpgsql as 'begin end'; create event trigger e on ddl_command_end execute function e()",
    "",
  ],
  ["publication p is left over", "create publication p", ""],
];

describe("what a down leaves", () => {
  test("nothing, if it is complete", async (t) => {
    const database = await bench(t);
    await database.run(orders);
    const found = await eachIn(undone, ([, up, down]) => leftovers(database, up, down));
    assert.deepEqual(
      found,
      undone.map(() => []),
    );
  });

  test("everything else, in words", async (t) => {
    const database = await bench(t);
    await database.run(orders);
    const found = await eachIn(left, ([, up, down]) => leftovers(database, up, down));
    const missed = left.filter(([words], i) => found[i]?.includes(words) !== true);
    assert.deepEqual(missed, []);
  });

  test("a renamed column is named in definitions of other objects by its new name", async (t) => {
    const { run, reader, fresh } = await bench(t);
    await run(
      `${orders} create view v as select total from orders; create index i on orders (total);`,
    );
    await reader.read();
    await run("alter table orders rename total to amount");
    assert.deepEqual(flat(await reader.read()), flat(await (await fresh()).read()));
    assert.match(flat(await reader.read())["index public.i"]?.facts["definition"] ?? "", /amount/);
  });

  test("a second reading without a change is the same object for every owner", async (t) => {
    const { run, reader } = await bench(t);
    await run(orders);
    const first = await reader.read();
    const second = await reader.read();
    assert.deepEqual(
      [...first].filter(([owner, list]) => second.get(owner) !== list),
      [],
    );
  });
});

describe("reading what has changed", () => {
  test("gives the same as reading everything, after each of many statements", async (t) => {
    const { run, reader, fresh } = await bench(t);
    const ups = [orders, ...undone.map(([, up]) => up), ...left.map(([, up]) => up)];
    const statements = [...ups, ...undone.map(([, , down]) => down)];
    let ran = 0;
    for (const statement of statements) {
      // What one of them leaves can be in the way of a later one.
      const ok = await run(statement).then(
        () => true,
        () => false,
      );
      if (!ok) continue;
      ran += 1;
      const rare = mayChangeRareRows(statement);
      assert.deepEqual(
        flat(await reader.read({ rare })),
        flat(await (await fresh()).read()),
        statement,
      );
    }
    assert.ok(ran >= 25, `${ran} statements ran`);
  });
});
