import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { describe, test, type TestContext } from "vitest";
import pg from "pg";
import { hintText } from "../../../../src/cli/output/hints.ts";
import type { EngineContext } from "../../../../src/engine/context.ts";
import { catalogStore } from "../../../../src/engine/store/catalog/catalog-store.ts";
import type { RunEvent } from "../../../../src/protocol/events.ts";
import { freshDatabase, query, serverUrl } from "../../../support/postgres.ts";
import { ledgerBench } from "../../support/ledger-bench.ts";
import type { Ran } from "../../support/run.ts";
import { counting, listening, startsWith } from "../../support/shared-requests.ts";

const secret = "pa55-in-a-query";

/** A session that holds a lock on the table `held`, which it makes for `owner`. */
async function holding(
  t: TestContext,
  url: string,
  { applicationName = "psql", owner = "CURRENT_USER" } = {},
): Promise<pg.Client> {
  await query(url, `CREATE TABLE held (id int); ALTER TABLE held OWNER TO ${owner}`);
  const client = new pg.Client({ connectionString: url, application_name: applicationName });
  client.on("error", () => undefined);
  await client.connect();
  t.onTestFinished(() => client.end().catch(() => undefined));
  await client.query(`BEGIN; LOCK TABLE held; SELECT '${secret}'`);
  return client;
}

/** A role without any privilege but that it owns the database. */
async function plainOwner(t: TestContext, url: string): Promise<string> {
  const name = `lowly_${randomUUID().replaceAll("-", "")}`;
  const database = new URL(url).pathname.slice(1);
  await query(
    url,
    `CREATE ROLE ${name} LOGIN PASSWORD '${name}'; ALTER DATABASE ${database} OWNER TO ${name}; GRANT ALL ON SCHEMA public TO ${name}`,
  );
  t.onTestFinished(async () => {
    await query(
      url,
      `REASSIGN OWNED BY ${name} TO CURRENT_USER; DROP OWNED BY ${name}; DROP ROLE ${name}`,
    );
  });
  return name;
}

function asUser(url: string, name: string): string {
  return Object.assign(new URL(url), { username: name, password: name }).href;
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return rows[0]?.pid ?? 0;
}

function serverUser(): string {
  return new URL(serverUrl()).username;
}

/** A clock that is 20 times as fast as the database's, so that a lock timeout contains many looks. */
function fastClock(stands = () => false): Pick<EngineContext, "now" | "sleep"> {
  const startedAt = performance.now();
  return {
    now: () => (stands() ? 0 : (performance.now() - startedAt) * 20),
    sleep: async (ms, signal) => {
      await pause(ms / 20, undefined, signal && { signal });
    },
  };
}

function lockMessages(ran: Ran): string[] {
  return ran
    .of("waiting")
    .flatMap(({ reason, message }) =>
      reason === "lock" ? [message.replaceAll(/\d+ s/g, "N s")] : [],
    );
}

function hintsOf(ran: Ran): string {
  return (ran.failure?.hints ?? [])
    .map((hint) => hintText(hint).replaceAll(/\d+ s/g, "N s"))
    .join("\n");
}

/** One try of a second. */
const altersHeld =
  "-- hasura-migrate: lock_timeout=1s\n-- hasura-migrate: retry=off\nALTER TABLE held ADD b int;";

describe("a migration that waits for a lock", () => {
  test("names the holder, while it waits and in its failure, without that session's query", async (t) => {
    const it = await ledgerBench(t);
    const pid = await pidOf(await holding(t, it.url));
    const ran = await it.run({ "1_a/up": altersHeld }, undefined, fastClock());
    const holder = `session ${pid} ("psql", user ${serverUser()}, idle in transaction, its transaction began N s ago)`;
    assert.equal(lockMessages(ran)[0], `waiting for a lock that ${holder} holds`);
    assert.equal(ran.failure?.sql?.sqlstate, "55P03");
    assert.ok(
      hintsOf(ran).startsWith(
        `It waited for a lock that ${holder} held. To end it: SELECT pg_terminate_backend(${pid}); To wait longer:`,
      ),
      hintsOf(ran),
    );
    assert.ok(!JSON.stringify(ran.events).includes(secret));
  });

  test("says who holds it where the project has no ledger as well", async (t) => {
    const it = await ledgerBench(t);
    const client = await holding(t, it.url);
    const pid = await pidOf(client);
    const waits = listening((event) => event.type === "waiting" && event.reason === "lock");
    const running = it.run({ "1_it's/up": "ALTER TABLE held ADD b int; -- it's" }, undefined, {
      ...fastClock(),
      openStore: catalogStore,
      emit: waits.emit,
    });
    await waits.received;
    await client.query("COMMIT");
    const ran = await running;
    assert.equal(ran.failure, undefined);
    assert.match(
      lockMessages(ran)[0] ?? "",
      new RegExp(`a lock that session ${pid} \\("psql", user`),
    );
    assert.ok(!JSON.stringify(ran.events).includes(secret));
  });

  test("is tried again where Hasura hides the database's error", async (t) => {
    const it = await ledgerBench(t, { hideInternals: true });
    const client = await holding(t, it.url);
    const waits = listening(
      (event) => event.type === "waiting" && event.message.startsWith("1 is waiting for a lock"),
    );
    const waiting = "-- hasura-migrate: lock_timeout=1s\nALTER TABLE held ADD b int;";
    const running = it.run({ "1_a/up": waiting }, undefined, { ...fastClock(), emit: waits.emit });
    await waits.received;
    await client.query("COMMIT");
    assert.equal((await running).failure, undefined);
    assert.deepEqual(await it.ledger(), ["1"]);
  });

  test("in a shared request, and while it is tried again", async (t) => {
    const it = await ledgerBench(t);
    const pid = await pidOf(await holding(t, it.url));
    const { sizes, hasura } = counting(it.hasura);
    // The first one counts as quick, so that the others share a request.
    let isShared = false;
    const emit = (event: RunEvent): void => {
      isShared ||= startsWith("2")(event);
    };
    const ran = await it.run(
      {
        "1_a/up": "SELECT 1;",
        "2_b/up": "SELECT 2;",
        "3_c/up": "SET LOCAL lock_timeout = '500ms'; ALTER TABLE held ADD b int;",
      },
      undefined,
      { ...fastClock(() => !isShared), hasura, emit },
    );
    assert.deepEqual(sizes, [2]);
    assert.ok(
      lockMessages(ran).some((message) =>
        message.startsWith(`3 is waiting for a lock that session ${pid} `),
      ),
    );
    assert.match(hintsOf(ran), new RegExp(`^It waited for a lock that session ${pid} \\("psql"`));
  });

  test("if Hasura hides the database's errors, its failure still names the session", async (t) => {
    const it = await ledgerBench(t, { hideInternals: true });
    const pid = await pidOf(await holding(t, it.url));
    const ran = await it.run({ "1_a/up": altersHeld }, undefined, fastClock());
    assert.match(hintsOf(ran), new RegExp(`^It waited for a lock that session ${pid} `));
  });

  test("outside a transaction too", async (t) => {
    const it = await ledgerBench(t);
    const holder = await holding(t, it.url, { applicationName: "report" });
    const { emit, received } = listening(({ type }) => type === "waiting");
    const running = it.run(
      { "1_a/up": "-- hasura:no-transaction\nCREATE INDEX CONCURRENTLY i ON held (id);" },
      undefined,
      { ...fastClock(), emit },
    );
    await received;
    await holder.query("COMMIT");
    const ran = await running;
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.match(
      lockMessages(ran)[0] ?? "",
      new RegExp(`that session \\d+ \\("report", user ${serverUser()}, idle in`),
    );
  });

  test("until the function's time is up", async (t) => {
    const it = await ledgerBench(t);
    const pid = await pidOf(await holding(t, it.url));
    const clock = fastClock();
    // The time runs from here, however long the ledger's installation takes.
    let startedAt: number | undefined;
    const ran = await it.run(
      { "1_a/up": "-- hasura-migrate: lock_timeout=10min\nALTER TABLE held ADD b int;" },
      undefined,
      {
        ...clock,
        remainingMs: () => (startedAt === undefined ? 60_000 : 60_000 - (clock.now() - startedAt)),
        emit: (event) => {
          if (startsWith("1")(event)) startedAt = clock.now();
        },
      },
    );
    assert.equal(ran.failure?.code, "deadline");
    assert.match(hintsOf(ran), new RegExp(`^It waited for a lock that session ${pid} `));
  });

  test("a database user without pg_monitor sees less, which is reported", async (t) => {
    const url = await freshDatabase(t);
    const user = await plainOwner(t, url);
    const it = await ledgerBench(t, {
      metadataUrl: await freshDatabase(t),
      sources: [{ name: "default", kind: "postgres", url: asUser(url, user) }],
    });
    const pid = await pidOf(await holding(t, url, { owner: user }));
    const ran = await it.run({ "1_a/up": altersHeld }, undefined, fastClock());
    assert.equal(
      lockMessages(ran)[0],
      `waiting for a lock that session ${pid} ("psql", user ${serverUser()}, only members of pg_monitor can see its state) holds`,
    );
  });
});
