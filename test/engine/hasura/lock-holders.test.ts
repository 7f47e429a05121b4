import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  describeLockHolders,
  lockAdvice,
  type LockHolder,
} from "../../../src/engine/hasura/lock-holders.ts";

describe("who holds a lock", () => {
  const cases: readonly [string, Partial<LockHolder>, string][] = [
    [
      "a session that may be seen",
      { application: "psql", user: "alice", state: "idle in transaction", openMs: 41_600 },
      '5 ("psql", user alice, idle in transaction, its transaction began 42 s ago)',
    ],
    [
      "one that is waiting itself",
      { user: "alice", state: "active", openMs: 0, waits: true },
      "5 (user alice, active, its transaction began 0 s ago, waiting for a lock itself)",
    ],
    [
      "a session of another user",
      { application: "psql", user: "alice" },
      '5 ("psql", user alice, only members of pg_monitor can see its state)',
    ],
    [
      "no session of a client",
      { application: "", process: "autovacuum worker", state: "active", openMs: 3000 },
      "5 (autovacuum worker, active, its transaction began 3 s ago)",
    ],
    [
      "names that look like something else",
      { application: 'x", user root), ended (', user: "a\nb", state: "active" },
      '5 ("x\\", user root), ended (", user "a\\nb", active)',
    ],
  ];
  for (const [what, holder, text] of cases)
    test(what, () => {
      assert.equal(describeLockHolders([{ pid: 5, waits: false, ...holder }]), `session ${text}`);
    });

  test("the first three, and how many more", () => {
    const several = [1, 2, 3, 4, 5].map((pid) => ({ pid, waits: false, state: "active" }));
    assert.equal(
      describeLockHolders(several),
      "session 1 (active) and session 2 (active) and session 3 (active) and 2 more",
    );
  });
});

describe("the next step after a lock timeout", () => {
  const wait = 'To wait longer: "-- hasura-migrate: lock_timeout=30s" at the top of the file.';
  const active = { state: "active", waits: false };

  test("sessions of clients can be ended", () => {
    assert.equal(
      lockAdvice([
        { pid: 5, ...active },
        { pid: 6, ...active },
      ]),
      `It waited for a lock that session 5 (active) and session 6 (active) held. To end them: SELECT pg_terminate_backend(5); SELECT pg_terminate_backend(6); ${wait}`,
    );
  });

  test("the server's own processes are left alone", () => {
    assert.equal(
      lockAdvice([{ pid: 5, process: "autovacuum worker", ...active }]),
      `It waited for a lock that session 5 (autovacuum worker, active) held. ${wait}`,
    );
  });

  test("a prepared transaction has no session", () => {
    assert.equal(
      lockAdvice([{ pid: 0, waits: false }]),
      `It waited for a lock that a prepared transaction held. End a prepared transaction with COMMIT PREPARED or ROLLBACK PREPARED. ${wait}`,
    );
  });
});
