import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { eventLines } from "../../src/lambda/truncate-event.ts";
import type { EventOf } from "../../src/protocol/events.ts";
import type { StatusRow } from "../../src/protocol/status-rows.ts";
import { Failure } from "../../src/protocol/failure.ts";
import { decodeEvents, largestEventBytes } from "../../src/protocol/ndjson.ts";
import { statusColumns } from "../../src/protocol/status-columns.ts";

const accept = [statusColumns];

const row = (i: number, more: object = {}): StatusRow => ({
  version: String(1700000000000 + i),
  name: `migration_${String(i)}`,
  state: "applied",
  ...more,
});
const rows = (count: number, more: (i: number) => object = () => ({})): StatusRow[] =>
  Array.from({ length: count }, (_, i) => row(i, more(i)));

const statusOf = (...lists: readonly StatusRow[][]): EventOf<"status"> => ({
  type: "status",
  databases: lists.map((migrations, i) => ({
    database: `db-${String(i)}`,
    kind: "postgres",
    store: "ledger",
    migrations,
  })),
});

async function read(lines: readonly string[]): Promise<unknown[]> {
  async function* bytes() {
    for (const line of lines) yield Buffer.from(line);
  }
  const events: unknown[] = [];
  for await (const event of decodeEvents(bytes())) events.push(event);
  return events;
}

const inColumns = (migrations: object): string =>
  `${JSON.stringify({
    type: statusColumns,
    databases: [{ database: "default", kind: "postgres", store: "ledger", ...migrations }],
  })}\n`;

const refused = (thrown: unknown): boolean =>
  thrown instanceof Failure && thrown.code === "stream-broken";

describe("status in columns", () => {
  const applied = (i: number) => ({
    hasDown: i % 3 > 0,
    ...(i % 7 > 0 && {
      appliedAt: new Date(1_700_000_000_000 + i).toISOString(),
      appliedBy: `developer-${String(i % 20)}`,
      runId: `run-${String(i - (i % 5))}`,
    }),
  });
  const cases: readonly [string, EventOf<"status">][] = [
    ["many rows", statusOf(rows(5000, applied))],
    ["several databases, one without rows", statusOf(rows(130, applied), [], rows(900))],
    [
      "rows of many fields of which few have each",
      statusOf(rows(200, (i) => (i % 2 ? { outOfOrder: true } : {}))),
    ],
    [
      "evidence of some rows",
      statusOf(
        rows(150, (i) =>
          i % 50 === 0 ? { evidence: [{ object: "table users", exists: true }] } : {},
        ),
      ),
    ],
    [
      "long names in three bytes a character",
      statusOf(rows(300, (i) => ({ name: "語".repeat(5000) + String(i) }))),
    ],
    ["one long name in all rows", statusOf(rows(400, () => ({ name: "n".repeat(20_000) })))],
    [
      "fields that a newer function adds",
      statusOf(rows(200, (i) => ({ later: { of: i }, note: i % 2 ? null : "x" }))),
    ],
    [
      "hostile names",
      statusOf(
        rows(120, () => ({
          name: '__proto__"\\\n\u2028',
          ...(JSON.parse('{"__proto__":"x","constructor":"y"}') as object),
        })),
      ),
    ],
  ];
  test.each(cases)("%s: read as the event itself, in lines within the limit", async (_, event) => {
    const lines = eventLines(event, "request-1", accept);
    for (const line of lines) assert.ok(Buffer.byteLength(line) <= largestEventBytes);
    assert.ok(lines.every((line) => line.includes(`"${statusColumns}"`)));
    assert.equal(
      JSON.stringify(await read(lines)),
      JSON.stringify(await read(eventLines(event, "request-1"))),
    );
  });

  test("they are a fraction of the rows", () => {
    const event = statusOf(rows(5000, applied));
    const size = (lines: readonly string[]): number => lines.join("").length;
    assert.ok(size(eventLines(event, "r", accept)) < size(eventLines(event, "r")) * 0.5);
  });

  test("a client that does not accept them gets rows, and so does one that accepts something else", () => {
    const event = statusOf(rows(5000));
    for (const others of [[], ["status.later"]])
      for (const line of eventLines(event, "request-1", others))
        assert.match(line, /^\{"type":"status",/);
  });

  test("a short status is sent as it is", () => {
    const event = statusOf(rows(99));
    assert.deepEqual(eventLines(event, "request-1", accept), eventLines(event, "request-1"));
  });

  test("a row that is too long for a line is cut, as without columns", () => {
    const event = statusOf(rows(120, (i) => (i === 60 ? { name: "x".repeat(80_000) } : {})));
    assert.deepEqual(eventLines(event, "request-1", accept), eventLines(event, "request-1"));
  });

  const version = ["version", { each: ["1", "2"] }];
  const name = ["name", { same: "a" }];
  const state = ["state", { same: "applied" }];
  test("values that are missing, and fields of another kind of row, are checked as in rows", async () => {
    const [event] = await read([inColumns({ count: 2, columns: [version, name, state] })]);
    assert.deepEqual(event, {
      type: "status",
      databases: [
        {
          ...{ database: "default", kind: "postgres", store: "ledger" },
          migrations: ["1", "2"].map((each) => ({ version: each, name: "a", state: "applied" })),
        },
      ],
    });
  });

  test.each([
    ["no columns", { count: 2 }],
    ["a column that is too short", { count: 3, columns: [version, name, state] }],
    ["no names", { count: 2, columns: [version, state] }],
    [
      "a state that does not exist",
      { count: 2, columns: [version, name, ["state", { same: "gone" }]] },
    ],
    [
      "a place that does not exist",
      { count: 2, columns: [version, name, ["state", { among: [], at: [0, 0] }]] },
    ],
    [
      "a row that does not exist",
      { count: 2, columns: [version, name, state, ["x", { some: [[2, 1]] }]] },
    ],
    ["more rows than anybody has", { count: 1e9, columns: [name, state] }],
    [
      "a text in more rows than memory has",
      { count: 100_000, columns: [["name", { same: "x".repeat(5000) }]] },
    ],
    ["a number of rows that is none", { count: -1, columns: [] }],
  ])("%s: refused", async (_, migrations) => {
    await assert.rejects(read([inColumns(migrations)]), refused);
  });

  test("lists that are short on the wire and endless in memory are refused", async () => {
    const columns = [
      ["version", { same: "1" }],
      ["name", { same: "x".repeat(1000) }],
      ["state", { same: "applied" }],
    ];
    const part = inColumns({ count: 900, columns }).replace(/\}\n$/, ',"more":true}\n');
    await assert.rejects(read(Array<string>(60).fill(part)), refused);
  });

  describe("the form of a column", () => {
    /** How the field `x` is written where row i has `value(i)`, in 120 rows. */
    function columnOf(value: (i: number) => unknown): unknown {
      const [line = ""] = eventLines(statusOf(rows(120, (i) => ({ x: value(i) }))), "r", accept);
      const { databases } = JSON.parse(line) as {
        databases: [{ columns: [string, unknown][] }];
      };
      return new Map(databases[0].columns).get("x");
    }

    test("a value that all rows share is written once", () => {
      assert.deepEqual(
        columnOf(() => "ada"),
        { same: "ada" },
      );
      assert.deepEqual(
        columnOf(() => 7),
        { same: 7 },
      );
    });

    test("few values are written once, with their places", () => {
      assert.deepEqual(
        columnOf((i) => ["a", "b", 3][i % 3]),
        { among: ["a", "b", 3], at: Array.from({ length: 120 }, (_, i) => i % 3) },
      );
    });

    test("as many values as half of the rows are still written once, more are not", () => {
      const half = columnOf((i) => i % 60);
      assert.deepEqual(Object.keys(half ?? {}), ["among", "at"]);
      assert.deepEqual(
        columnOf((i) => i % 61),
        { each: Array.from({ length: 120 }, (_, i) => i % 61) },
      );
    });

    test("a row without the value has the position -1, even if all others share it", () => {
      assert.deepEqual(
        columnOf((i) => (i === 2 ? undefined : "a")),
        { among: ["a"], at: Array.from({ length: 120 }, (_, i) => (i === 2 ? -1 : 0)) },
      );
    });

    test("values that are not strings, numbers or booleans are listed with their rows", () => {
      assert.deepEqual(
        columnOf((i) => (i === 5 ? { of: 1 } : undefined)),
        { some: [[5, { of: 1 }]] },
      );
    });
  });

  test("one database with incomplete columns invalidates the event", async () => {
    const line = JSON.stringify({
      type: statusColumns,
      databases: [1, 3].map((count) => ({
        ...{ database: "default", kind: "postgres", store: "ledger", count },
        columns: [["version", { each: ["1"] }], name, state],
      })),
    });
    await assert.rejects(read([`${line}\n`]), refused);
  });
});
