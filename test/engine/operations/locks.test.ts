import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { describe, test, type TestContext } from "vitest";
import pg from "pg";
import { execute } from "../../../src/engine/execute.ts";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import type { EventOf, RunEvent } from "../../../src/protocol/events.ts";
import { startTestApi } from "../../support/hasura-api.ts";
import { freshDatabase, query } from "../../support/postgres.ts";
import { engineOf } from "../support/engine.ts";
import { requestOf } from "../support/sessions.ts";

interface Bench {
  readonly url: string;
  readonly hasura: Hasura;
}

async function benchOf(t: TestContext, as?: (url: string) => Promise<string>): Promise<Bench> {
  const url = await freshDatabase(t);
  await query(url, "CREATE TABLE orders (id int PRIMARY KEY, note text)");
  await query(url, "INSERT INTO orders VALUES (1, 'a')");
  const metadataUrl = await freshDatabase(t);
  const seen = as === undefined ? url : await as(url);
  const api = await startTestApi(t, {
    metadataUrl,
    sources: [{ name: "default", kind: "postgres", url: seen }],
  });
  const hasura = hasuraOverHttp({
    endpoint: api.url,
    adminSecret: () => Promise.resolve(api.adminSecret),
  });
  t.onTestFinished(() => {
    hasura.close();
  });
  return { url, hasura };
}

async function session(t: TestContext, url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on("error", () => undefined);
  await client.connect();
  t.onTestFinished(() => client.end().catch(() => undefined));
  return client;
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return rows[0]?.pid ?? 0;
}

async function untilWaiting(url: string, count: number): Promise<void> {
  for (;;) {
    const [row] = await query(
      url,
      "SELECT count(*)::int AS n FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()",
    );
    if (row?.["n"] === count) return;
    await pause(10);
  }
}

async function locksOf({ hasura }: Pick<Bench, "hasura">): Promise<EventOf<"locks">> {
  const events = await eventsOf({ hasura }, {});
  const [found] = events.flatMap((event) => (event.type === "locks" ? [event] : []));
  assert(found, JSON.stringify(events));
  return found;
}

async function eventsOf({ hasura }: Pick<Bench, "hasura">, options: object): Promise<RunEvent[]> {
  const engine = engineOf({ hasura, sleep: () => Promise.resolve() });
  await execute(requestOf("locks", options), engine);
  return engine.events;
}

describe("locks", () => {
  test("shows a waiting migration, its lock, and the session that holds it, with its password masked", async (t) => {
    const bench = await benchOf(t);
    const holder = await session(t, bench.url, "psql");
    await holder.query("BEGIN");
    await holder.query("LOCK TABLE orders IN SHARE MODE; SELECT 'password=hunter22' AS x");
    const migration = await session(t, bench.url, "hasura");
    const [holderPid, migrationPid] = [await pidOf(holder), await pidOf(migration)];
    const waiting = migration
      .query(
        "/* hasura-migrate run=r version=17 name=add%20total */ ALTER TABLE orders ADD COLUMN total int",
      )
      .catch(() => undefined);
    await untilWaiting(bench.url, 1);
    const { sessions, database, notShown } = await locksOf(bench);
    assert.deepEqual([database, notShown, sessions.length], ["default", 0, 2]);
    const [first, second] = sessions;
    assert(first && second);
    assert.deepEqual(
      [first.pid, first.application, first.state, first.waitsFor, first.blockedBy],
      [holderPid, "psql", "idle in transaction", undefined, []],
    );
    assert.deepEqual(second.blockedBy, [{ pid: holderPid, holds: "ShareLock" }]);
    assert.deepEqual(
      [second.pid, second.migration, second.waitsFor?.mode, second.waitsFor?.object],
      [migrationPid, { version: "17", name: "add total" }, "AccessExclusiveLock", "public.orders"],
    );
    assert.ok((second.waitsFor?.waitedMs ?? -1) >= 0 && (first.openMs ?? -1) >= 0);
    assert.match(first.query ?? "", /SELECT/);
    assert.doesNotMatch(JSON.stringify(sessions), /hunter22/);
    await holder.query("ROLLBACK");
    await waiting;
  });

  test("shows a chain: the session at its head comes first", async (t) => {
    const bench = await benchOf(t);
    const clients = await Promise.all(["a", "b", "c"].map((name) => session(t, bench.url, name)));
    const [a, b, c] = clients;
    assert(a && b && c);
    await a.query("BEGIN; UPDATE orders SET note = 'x' WHERE id = 1");
    await b.query("BEGIN");
    const second = b.query("UPDATE orders SET note = 'y' WHERE id = 1").catch(() => undefined);
    await untilWaiting(bench.url, 1);
    const third = c.query("BEGIN; LOCK TABLE orders").catch(() => undefined);
    await untilWaiting(bench.url, 2);
    const { sessions } = await locksOf(bench);
    assert.deepEqual(
      sessions.map(({ application, waitsFor }) => [application, waitsFor?.kind, waitsFor?.object]),
      [
        ["a", undefined, undefined],
        ["b", "transactionid", "public.orders"],
        ["c", "relation", "public.orders"],
      ],
    );
    await a.query("ROLLBACK");
    await second;
    await b.query("ROLLBACK");
    await third;
  });

  test("finds waiting sessions as a role that may not see the statements of others", async (t) => {
    const role = `lowly_${randomUUID().replaceAll("-", "")}`;
    const bench = await benchOf(t, async (url) => {
      await query(
        url,
        `CREATE ROLE ${role} LOGIN PASSWORD '${role}'; GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO ${role}`,
      );
      return Object.assign(new URL(url), { username: role, password: role }).href;
    });
    t.onTestFinished(async () => {
      await query(bench.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });
    const holder = await session(t, bench.url, "psql");
    await holder.query("BEGIN; LOCK TABLE orders");
    const waiter = await session(t, bench.url, "app");
    const waiting = waiter.query("SELECT 'secret' FROM orders").catch(() => undefined);
    await untilWaiting(bench.url, 1);
    const { sessions } = await locksOf(bench);
    assert.deepEqual(
      sessions.map(({ application, query: text, waitsFor }) => [application, text, waitsFor?.mode]),
      [
        ["psql", undefined, undefined],
        ["app", undefined, "AccessShareLock"],
      ],
    );
    await holder.query("ROLLBACK");
    await waiting;
  });

  test("shows no session if none waits", async (t) => {
    const bench = await benchOf(t);
    const holder = await session(t, bench.url, "psql");
    await holder.query("BEGIN; LOCK TABLE orders");
    assert.deepEqual((await locksOf(bench)).sessions, []);
  });

  test("does not show sessions of another database on the server", async (t) => {
    const bench = await benchOf(t);
    const other = await benchOf(t);
    const holder = await session(t, other.url, "psql");
    await holder.query("BEGIN; LOCK TABLE orders");
    const waiter = await session(t, other.url, "app");
    const waiting = waiter.query("SELECT FROM orders").catch(() => undefined);
    await untilWaiting(other.url, 1);
    assert.deepEqual((await locksOf(bench)).sessions, []);
    assert.equal((await locksOf(other)).sessions.length, 2);
    await holder.query("ROLLBACK");
    await waiting;
  });

  test("names a database that does not exist", async (t) => {
    const bench = await benchOf(t);
    const end = (await eventsOf(bench, { database: "nope" })).at(-1);
    assert.equal(end?.type === "run.failed" ? end.failure.code : end?.type, "unknown-database");
  });
});
