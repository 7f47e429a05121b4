import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { locksLines } from "../../../src/cli/output/views/locks.ts";
import type { EventOf } from "../../../src/protocol/events.ts";
import type { LockSession } from "../../../src/protocol/lock-session.ts";

const style = colorsFor({ isTTY: false }, {}, false);
const lines = (sessions: readonly LockSession[], columns = Infinity, notShown = 0): string[] =>
  locksLines(
    {
      type: "locks",
      database: "default",
      sessions: [...sessions],
      notShown,
    } satisfies EventOf<"locks">,
    style,
    columns,
  );

const holder: LockSession = {
  pid: 11,
  application: "psql",
  user: "alice",
  state: "idle in transaction",
  openMs: 42_000,
  query: "UPDATE orders\n  SET note = 'x'",
  blockedBy: [],
};
const waiting: LockSession = {
  pid: 12,
  user: "hasura",
  state: "active",
  migration: { version: "17", name: "add_total" },
  query: "SELECT hasura_migrate.enter('{}'); ALTER TABLE orders ADD total int;",
  waitsFor: {
    mode: "AccessExclusiveLock",
    kind: "relation",
    object: "public.orders",
    waitedMs: 3000,
  },
  blockedBy: [{ pid: 11, holds: "RowExclusiveLock" }],
};

describe("the view of locks", () => {
  test("shows the holder, the waiting session with its lock, and how to end the holder", () => {
    assert.deepEqual(lines([holder, waiting]), [
      "default: 1 session waits for a lock",
      '  ! session 11, "psql", user alice, idle in transaction, transaction open for 42.0 s',
      "      UPDATE orders SET note = 'x'",
      "  … session 12, migration 17 add_total, user hasura, active",
      "      has waited 3.0 s for ACCESS EXCLUSIVE on public.orders",
      "      behind session 11 (ROW EXCLUSIVE)",
      "To end that session and roll back its transaction, as a database administrator:",
      "  SELECT pg_terminate_backend(11);",
    ]);
  });

  test("reports that no session waits", () => {
    assert.deepEqual(lines([]), ["default: no session waits for a lock"]);
  });

  test("fits 60 columns and shows no control characters", () => {
    const hostile = {
      ...holder,
      application: "\u001b[2J漢字",
      user: "a\u202eb",
      query: `${"漢".repeat(90)}\u0007`,
    };
    const shown = lines([hostile, waiting], 60);
    for (const line of shown) assert.ok(textWidth(line) <= 60, line);
    // eslint-disable-next-line no-control-regex -- that is what must not be there
    assert.doesNotMatch(shown.join("\n"), /[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test("does not suggest ending a session that is not a client's", () => {
    const shown = lines([
      { pid: 0, blockedBy: [] },
      { pid: 9, process: "autovacuum worker", blockedBy: [] },
      { ...waiting, blockedBy: [{ pid: 0 }, { pid: 9 }] },
    ]).join("\n");
    assert.match(shown, /a prepared transaction \(see pg_prepared_xacts\)/);
    assert.match(shown, /behind a prepared transaction, session 9/);
    assert.doesNotMatch(shown, /pg_terminate_backend/);
  });

  test("describes a wait for a row, and sessions that are not shown", () => {
    const row = {
      ...waiting,
      waitsFor: { mode: "ShareLock", kind: "transactionid", object: "public.orders" },
    };
    const shown = lines([holder, row], Infinity, 3).join("\n");
    assert.match(shown, /for SHARE on a row that another transaction changed, in public\.orders/);
    assert.match(shown, /and 3 more sessions/);
  });
});
