import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { VerifyEvent } from "../../src/protocol/verification.ts";
import { migrations, onSharedServer, outline, project, verified } from "./support/verified.ts";

function locksOf(events: readonly VerifyEvent[], version: string): string[] {
  return events.flatMap((event) =>
    event.type === "verify.migration" && event.version === version
      ? (event.locks ?? []).flatMap(({ line, locks }) =>
          locks.map(
            ({ table, mode, rewritten }) =>
              `${line} ${mode} ${table}${rewritten ? " rewritten" : ""}`,
          ),
        )
      : [],
  );
}

const before = [
  "create table orders (id int primary key, total int, customer int); create table customers (id int primary key)",
] as const;

describe("--locks", () => {
  const cases: readonly (readonly [sql: string, locks: readonly string[]])[] = [
    ["alter table orders alter total type bigint", ["1 ACCESS EXCLUSIVE orders rewritten"]],
    ["alter table orders add note text default 'x'", ["1 ACCESS EXCLUSIVE orders"]],
    ["create index on orders (total)", ["1 SHARE orders"]],
    [
      "alter table orders add foreign key (customer) references customers",
      ["1 SHARE ROW EXCLUSIVE orders", "1 SHARE ROW EXCLUSIVE customers"],
    ],
    ["select 1;\nupdate orders set total = 1", ["2 ROW EXCLUSIVE orders"]],
    ["create table other (id int);\nalter table other add x int", []],
    [
      "update orders set total = 1;\nalter table orders add x uuid default gen_random_uuid();\nalter table orders add y uuid default gen_random_uuid()",
      [
        "1 ROW EXCLUSIVE orders",
        "2 ACCESS EXCLUSIVE orders rewritten",
        "3 ACCESS EXCLUSIVE orders rewritten",
      ],
    ],
    [
      "-- hasura:no-transaction\ncreate index concurrently on orders (total)",
      ["2 SHARE UPDATE EXCLUSIVE orders"],
    ],
  ];

  test("lists what each statement locks and rewrites", async (t) => {
    const list = Object.fromEntries(cases.map(([sql], i) => [`${i + 2}_x`, [sql] as const]));
    const directory = await project(t, migrations({ "1_a": before, ...list }));
    const events = await verified(directory, onSharedServer({ locks: true }));
    const found = cases.map((_, i) => locksOf(events, String(i + 2)));
    // The last one could be seen, but need not have been.
    assert.deepEqual(
      found.slice(0, -1),
      cases.slice(0, -1).map(([, locks]) => locks),
    );
    assert.ok(found.at(-1)?.every((lock) => cases.at(-1)?.[1].includes(lock)));
  });

  test("reports a rewrite even if the table was locked before", async (t) => {
    const directory = await project(
      t,
      migrations({
        "1_a": before,
        "2_b": ["alter table orders add x int;\nalter table orders alter total type bigint"],
      }),
    );
    const events = await verified(directory, onSharedServer({ locks: true }));
    assert.deepEqual(locksOf(events, "2"), [
      "1 ACCESS EXCLUSIVE orders",
      "2 ACCESS EXCLUSIVE orders rewritten",
    ]);
  });

  test("finds failures at the same place as without it", async (t) => {
    const directory = await project(
      t,
      migrations({ "1_a": before, "2_b": ["select 1;\n  select nothing;"] }),
    );
    const events = await verified(directory, onSharedServer({ locks: true }));
    assert.ok(outline(events).includes("up-failed · 2_b/up.sql:2:10"), outline(events).join());
  });
});
