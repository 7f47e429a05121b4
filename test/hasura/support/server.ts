import { randomInt, randomUUID } from "node:crypto";
import { inject, vi, type TestContext } from "vitest";
import { hasuraOverHttp, type HasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import { namePrefix, readCliState, writeCliState } from "./claim-server.ts";
import { hasuraRequests, type Answer } from "./request.ts";

/** The server under test. */
export const server = inject("hasura");
export const requests = hasuraRequests(server);

/** Skips a test that needs to see what PostgreSQL said, where the server does not show it. */
export function needsInternals(t: TestContext): void {
  t.skip(
    server.hidesInternals,
    `Hasura ${server.version} hides what PostgreSQL says (HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS)`,
  );
}

/** hasura-migrate's own client for the server, closed after the test. */
export function client(t: TestContext, secret = server.secret): HasuraOverHttp {
  const hasura = hasuraOverHttp({
    endpoint: server.endpoint,
    adminSecret: () => Promise.resolve(secret),
  });
  t.onTestFinished(() => hasura.close());
  return hasura;
}

/** A new schema in the source's database, dropped after the test. */
export async function ownSchema(t: TestContext): Promise<string> {
  const schema = uniqueName();
  await requests.rows(`CREATE SCHEMA ${schema}`);
  t.onTestFinished(async () => {
    await requests.rows(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  });
  return schema;
}

export function uniqueName(): string {
  return namePrefix + randomUUID().replaceAll("-", "").slice(0, 12);
}

/** Puts the catalog state back as it is now, after the test. */
export async function keepCatalogState(t: TestContext): Promise<void> {
  const before = await readCliState(requests);
  t.onTestFinished(() => writeCliState(requests, before));
}

/** A request that holds an advisory lock until it is cancelled. */
export interface LockHolder {
  /** The two halves of the key, as SQL. */
  readonly key: string;
  readonly pid: string;
  /** Has PostgreSQL cancel the statement; what Hasura then answers to it. */
  cancel(): Promise<Answer>;
}

/** Begins a request that takes an advisory lock and stays at work, and waits until it has the lock. */
export async function holdLock(t: TestContext): Promise<LockHolder> {
  const key = `${String(randomInt(2 ** 30))}, 7`;
  const answer = requests.sql(`SELECT pg_advisory_xact_lock(${key}); SELECT pg_sleep(120)`);
  const pid = await vi.waitFor(async () => {
    const [holder] = await lockPids(key, true);
    if (holder === undefined) throw new Error("the lock is not taken yet");
    return holder;
  }, patience);
  let cancelled: Promise<Answer> | undefined;
  const cancel = (): Promise<Answer> =>
    (cancelled ??= requests.value(`SELECT pg_cancel_backend(${pid})`).then(() => answer));
  t.onTestFinished(async () => {
    await cancel();
  });
  return { key, pid, cancel };
}

/** Waits until a request stands in line for the lock. */
export async function untilWaitingFor({ key }: LockHolder): Promise<void> {
  await vi.waitFor(async () => {
    if ((await lockPids(key, false)).length === 0) throw new Error("nobody waits for the lock yet");
  }, patience);
}

const patience = { timeout: 30_000, interval: 50 };

/** Who has or wants the lock: as `pg_locks` shows a key of two halves. */
export async function lockPids(key: string, granted: boolean): Promise<string[]> {
  const [classid = "", objid = ""] = key.split(", ");
  const rows = await requests.rows(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = ${classid} AND objid = ${objid} AND objsubid = 2
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND granted = ${String(granted)}`,
  );
  return rows.flatMap(([pid]) => (pid ? [pid] : []));
}

const mostRequests = 200;

/** An expression's value on the pooled connection with that pid; undefined where the server does not use it again. */
export async function valueOnConnection(
  pid: string,
  expression: string,
): Promise<string | null | undefined> {
  for (let sent = 0; sent < mostRequests; sent += 1) {
    const [row = []] = await requests.rows(`SELECT pg_backend_pid(), ${expression}`);
    if (row[0] === pid) return row[1] ?? null;
  }
  return undefined;
}
