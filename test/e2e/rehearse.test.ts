import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { query } from "../support/postgres.ts";
import { eventsOf } from "./support/cli.ts";
import { project, serve } from "./support/environment.ts";

const first = {
  "1700000000100_orders": {
    up: "CREATE TABLE orders (id integer PRIMARY KEY, amount integer NOT NULL); INSERT INTO orders VALUES (1, 0);",
  },
};
const pending = {
  "1700000000200_note": { up: "ALTER TABLE orders ADD COLUMN note text;" },
  "1700000000300_index": {
    up: "-- hasura:no-transaction\nCREATE INDEX CONCURRENTLY orders_note ON orders (note);",
  },
};
const failing = {
  "1700000000400_share": {
    up: "UPDATE orders SET amount = amount + 0;\nUPDATE orders\n  SET amount = 100 / amount;\nSELECT 100 / amount FROM orders;",
  },
};
const columns =
  "SELECT attname::text FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0";

describe("plan --rehearse", () => {
  test("runs the migrations of a directory, shows time, locks and what is not run, and changes nothing", async (t) => {
    const served = await serve(t, await project(t, first));
    assert.equal((await served.run(["dev-1"])).code, 0);
    const before = await query(served.databaseUrl, columns);
    const branch = await project(t, { ...first, ...pending });

    const text = await served.run(["plan", "dev-1", "--rehearse", "--from", branch]);
    assert.equal(text.code, 0, text.stderr);
    assert.match(
      text.stdout,
      /^default: 1 migration was run and rolled back in .*\n {2}✓ 1700000000200 {2}note {3}.* ms\n {6}public\.orders: ACCESS EXCLUSIVE, blocks reads and writes\n {2}· 1700000000300 {2}index {2}not run: it runs outside a transaction\n$/,
    );
    const events = eventsOf(
      await served.run(["plan", "dev-1", "--rehearse", "--from", branch, "--json"]),
    );
    const [rehearsal] = events.flatMap((event) => (event.type === "rehearsal" ? [event] : []));
    assert.deepEqual(
      [rehearsal?.database, rehearsal?.migrations.map(({ version, locks }) => [version, locks])],
      ["default", [["1700000000200", [{ relation: "public.orders", mode: "ACCESS EXCLUSIVE" }]]]],
    );
    assert.deepEqual(await query(served.databaseUrl, columns), before);

    const nothing = await served.run(["plan", "dev-1", "--rehearse"]);
    assert.deepEqual(
      [nothing.code, nothing.stdout.replace(/^\S+ dev-1 /, "")],
      [0, "nothing pending, 1 applied\n"],
    );
  });

  test("fails with the place of the error, as apply does", async (t) => {
    const served = await serve(t, await project(t, first));
    assert.equal((await served.run(["dev-1"])).code, 0);
    const branch = await project(t, { ...first, ...failing });
    const rehearsed = await served.run(["plan", "dev-1", "--rehearse", "--from", branch]);
    assert.equal(rehearsed.code, 1);
    assert.match(rehearsed.stdout, /✗ 1700000000400 {2}share {2}failed/);
    assert.match(
      rehearsed.stderr,
      /1700000000400_share\/up\.sql:2 failed\n {4}2 │ UPDATE orders\n.*\^ 22012 division by zero/,
    );
    assert.match(
      rehearsed.stderr,
      /everything was rolled back: fix the file, then rehearse again: hasura-migrate plan dev-1 --rehearse --from/,
    );

    const applied = await served.run(["dev-1", "--from", branch]);
    assert.equal(applied.code, 1);
    assert.match(applied.stderr, /1700000000400_share\/up\.sql failed\n {4}22012 division by zero/);
    assert.match(
      applied.stderr,
      /1700000000400_share\/up\.sql:2\n {4}2 │ UPDATE orders\n.*\n {4}where {3}in the statement that begins here, found by running the file a second time; everything was rolled back/,
    );
  });
});
