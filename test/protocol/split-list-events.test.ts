import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EventOf, RunEvent } from "../../src/protocol/events.ts";
import type { StatusRow } from "../../src/protocol/status-rows.ts";
import { decodeEvents, encodeEvent } from "../../src/protocol/ndjson.ts";
import { splitListEvent } from "../../src/protocol/split-list-events.ts";

const rows = (count: number): StatusRow[] =>
  Array.from({ length: count }, (_, i) => ({
    version: String(1700000000000 + i),
    name: `migration_${String(i)}`,
    state: "applied",
  }));
const status: RunEvent = {
  type: "status",
  databases: [
    { database: "empty", kind: "postgres", store: "catalog", migrations: [] },
    { database: "default", kind: "postgres", store: "catalog", migrations: rows(500) },
    { database: "other", kind: "mssql", store: "catalog", migrations: rows(3) },
  ],
};
const item = {
  version: "1",
  name: "a",
  direction: "up",
  file: "default/1_a/up.sql",
  lines: 1,
  transaction: true,
} as const;
const plan: EventOf<"plan"> = {
  type: "plan",
  dryRun: true,
  databases: [
    {
      database: "default",
      kind: "postgres",
      applied: 2,
      items: Array.from({ length: 400 }, () => item),
    },
  ],
};
const history: RunEvent = {
  type: "history",
  runs: Array.from({ length: 100 }, (_, i) => ({
    runId: String(i),
    operation: "apply",
    user: "ada",
    host: "laptop",
    requestId: "r",
    startedAt: "2026-11-24T10:00:00.000Z",
    live: false,
    migrations: [],
  })),
};
const metadata: RunEvent = {
  ...{ type: "metadata.document", resourceVersion: 41, encoding: "brotli", bytes: 60_000 },
  data: Array.from({ length: 10_000 }, (_, i) => String(i)).join("+"),
};
const heartbeat: RunEvent = { type: "heartbeat", at: "2026-11-24T10:00:00.000Z" };

async function read(text: string): Promise<unknown[]> {
  async function* bytes() {
    yield Buffer.from(text);
  }
  const events: unknown[] = [];
  for await (const event of decodeEvents(bytes())) events.push(event);
  return events;
}

describe("split list events", () => {
  test("the files of a plan cross the wire once, however long its list of migrations is", async () => {
    const files = Array.from({ length: 5000 }, (_, i) => String(1700000000000 + i));
    const long: RunEvent = {
      ...plan,
      databases: plan.databases.map((database) => ({ ...database, files })),
    };
    const parts = splitListEvent(long, 24_000);
    for (const part of parts) assert(encodeEvent(part).length <= 24_000);
    assert.deepEqual(await read(parts.map(encodeEvent).join("")), [long]);
    const sent = parts.flatMap((part) => (part.type === "plan" ? part.databases : []));
    assert.equal(sent.flatMap((database) => database.files ?? []).length, files.length);
  });

  for (const event of [status, plan, history, metadata]) {
    test(`a long ${event.type} crosses the wire in bounded parts and is read as one event`, async () => {
      const parts = splitListEvent(event, 8192);
      assert(parts.length >= 2);
      for (const part of parts)
        assert(encodeEvent(part).length <= 8192, String(encodeEvent(part).length));
      const [first = heartbeat, ...rest] = parts;
      assert.deepEqual(await read([first, heartbeat, ...rest].map(encodeEvent).join("")), [
        heartbeat,
        event,
      ]);
    });
  }

  test("a short list and any other event stay one event", async () => {
    assert.deepEqual(splitListEvent(heartbeat, 8192), [heartbeat]);
    const short: RunEvent = { type: "status", databases: [] };
    assert.deepEqual(splitListEvent(short, 8192), [short]);
    assert.deepEqual(await read(encodeEvent(short)), [short]);
  });

  test("an event is read wherever its bytes are split, characters included", async () => {
    const text = encodeEvent({ type: "log", level: "info", code: "x", message: "äöü 🙂" });
    const bytes = Buffer.from(`${text}\n${text}`);
    async function* one() {
      // Each chunk is overwritten afterwards, as a reader that uses its buffer again does.
      const chunk = Buffer.alloc(1);
      for (const byte of bytes) {
        chunk[0] = byte;
        yield chunk;
      }
    }
    const events: unknown[] = [];
    for await (const event of decodeEvents(one())) events.push(event);
    assert.deepEqual(events, [JSON.parse(text), JSON.parse(text)]);
  });

  for (const { name, text, message } of [
    { name: "a line without an end", text: "y".repeat(1 << 20) + "y", message: /a line is longer/ },
    {
      name: "parts without an end",
      text: encodeEvent({ ...history, more: true }).repeat(3000),
      message: /a list is longer/,
    },
  ]) {
    test(`${name} is refused, not kept`, async () => {
      await assert.rejects(read(text), { code: "stream-broken", message });
    });
  }

  test("an event of an unknown type is kept separately, whatever it contains", async () => {
    const fake = { type: "failure", exit: 0, env: "prod" };
    const line = JSON.stringify(fake);
    assert.deepEqual(await read(`${line}\n`), [{ type: "unknown", line, event: fake }]);
  });
});
