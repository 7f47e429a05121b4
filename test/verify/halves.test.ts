import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import type { VerifyEvent } from "../../src/protocol/verification.ts";
import { bodyOfText } from "../../src/engine/project/migration-file.ts";
import { sizeOfFirstHalf } from "../../src/verify/run/check-in-halves.ts";
import type { LoadedFile } from "../../src/verify/run/run-file.ts";
import {
  migrations,
  onSharedServer,
  outline,
  project,
  statesOf,
  verified,
} from "./support/verified.ts";

type Pair = readonly [up: string, down?: string];

/** 44 migrations, of which those with these numbers are replaced. */
function many(replaced: Readonly<Record<number, Pair>> = {}): Record<string, Pair> {
  const list = Array.from({ length: 44 }, (_, i): [string, Pair] => [
    `${100 + i}_step`,
    replaced[i] ?? [`create table t_${i} (id int)`, `drop table t_${i}`],
  ]);
  return Object.fromEntries(list);
}

async function bothWays(
  t: TestContext,
  list: Record<string, Pair>,
): Promise<Record<"halves" | "one", VerifyEvent[]>> {
  const directory = await project(t, migrations(list));
  const [halves, one] = [
    await verified(directory, onSharedServer({ processors: 2 })),
    await verified(directory, onSharedServer({ processors: 1 })),
  ];
  return { halves, one };
}

function notReached(events: readonly VerifyEvent[]): number | undefined {
  const last = events.at(-1);
  return last?.type === "verify.finished" ? last.notReached : undefined;
}

function fileOf(sql: string): LoadedFile {
  return { path: "x.sql", body: bodyOfText(sql, "x.sql") };
}

const results = (events: readonly VerifyEvent[]): VerifyEvent[] =>
  events.filter(({ type }) => type !== "verify.progress");

describe("migrations that are checked in two halves at the same time", () => {
  test("have the same results in the same order as one after the other, with problems in both halves", async (t) => {
    const { halves, one } = await bothWays(
      t,
      many({
        5: ["create table five (id int)", "select 1"],
        9: ["alter table five add note text", "alter table five drop nothing"],
        21: ["alter table five add total int", "alter table five drop total"],
        30: ["create index five_note on five (note)", "alter table five drop note"],
        31: ["insert into five (id) values (1)"],
        43: ["alter table t_42 add c int", "alter table t_42 add d int"],
      }),
    );
    assert.deepEqual(results(halves), results(one));
    assert.deepEqual(
      Object.entries(statesOf(halves)).filter(([, state]) => state !== "ok"),
      [
        ["105", "failed"],
        ["109", "failed"],
        ["130", "failed"],
        ["131", "applied"],
        ["143", "failed"],
      ],
    );
  });

  test("end at one of the first half that cannot be applied, with nothing of the second half", async (t) => {
    const { halves, one } = await bothWays(t, many({ 3: ["create table t_2 (id int)"] }));
    assert.deepEqual(results(halves), results(one));
    assert.deepEqual(Object.keys(statesOf(halves)), ["100", "101", "102", "103"]);
    assert.equal(notReached(halves), 40);
  });

  test("end at one of the second half that cannot be applied", async (t) => {
    const { halves, one } = await bothWays(t, many({ 30: ["create table t_29 (id int)"] }));
    assert.deepEqual(results(halves), results(one));
    assert.equal(notReached(halves), 13);
  });

  test("are checked one after the other if the second database does not take the first half", async (t) => {
    const onlyFirst =
      "do $$ begin assert (select count(*) = 1 from pg_database where oid <= (select oid from pg_database where datname = current_database()) and datname like 'verify%'); end $$";
    const directory = await project(
      t,
      migrations(many({ 2: [`${onlyFirst}; create table a ()`, "drop table a"] })),
    );
    const events = await verified(directory, { processors: 2 });
    assert.deepEqual(outline(events), []);
    assert.equal(Object.keys(statesOf(events)).length, 44);
  });
});

describe("migrations are checked one after the other", () => {
  const size = (
    replaced: Readonly<Record<number, Pair>>,
    isChecked: (version: string) => boolean = () => true,
  ): number | undefined =>
    sizeOfFirstHalf(
      Object.entries(many(replaced)).map(([name, [up, down = ""]]) => ({
        version: name.slice(0, 3),
        name,
        up: fileOf(up),
        down: fileOf(down),
      })),
      { isChecked },
    );

  test("if there are few, and otherwise split where half of the checks are", () => {
    assert.equal(size({}), 22);
    assert.equal(
      size({}, (version) => version < "130"),
      undefined,
    );
    assert.equal(
      size({}, (version) => version >= "104"),
      24,
    );
  });

  test.each([
    ["creates a role", "create role reader"],
    ["creates a role in code", "do $$ begin create role reader; end $$"],
    ["executes an assembled text", "do $$ begin execute 'create ' || 'role reader'; end $$"],
    ["changes a setting of the database", "alter database x set work_mem = '1MB'"],
    ["limits a time", "set lock_timeout = '1s'; create table t7 ()"],
    ["reaches another server", "create server other foreign data wrapper postgres_fdw"],
  ])("if one %s", (_, sql) => {
    assert.equal(size({ 7: ["select 1", sql] }), undefined);
  });

  test("but not because of a trigger, a grant or a column called role", () => {
    const sql =
      'create table u (role text, "user" text); grant select on u to public; create trigger t after insert on u for each row execute function f()';
    assert.equal(size({ 7: [sql, "drop table u"] }), 22);
  });
});
