import type { TestContext } from "vitest";
import pg from "pg";

/** The same numbers from 0 up to 1 for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A session that changes a ledger, in transactions that stay open while others work. */
export interface LedgerSession {
  /** What it does next. Returns true where that has changed the ledger, or may have. */
  readonly next: () => Promise<boolean>;
}

/** Versions of the changes: few, so that each is changed often. */
const versions = 12;

/** Opens a session; `random` decides what it does. */
export async function ledgerSession(
  t: TestContext,
  url: string,
  random: () => number,
): Promise<LedgerSession> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.onTestFinished(() => client.end());
  // Whoever has to wait gives up at once.
  await client.query("SET lock_timeout = '2ms'");
  const state = { isOpen: false, unfinished: undefined as number | undefined };
  const from = <T>(choices: readonly [T, ...T[]]): T =>
    choices[Math.floor(random() * choices.length)] ?? choices[0];
  const version = (): number => 1 + Math.floor(random() * versions);
  const enter = async (of: number): Promise<void> => {
    const { rows } = await client.query<{ generation: string; applied: boolean }>(
      "SELECT generation, EXISTS (SELECT FROM hasura_migrate.migration WHERE version = $1) AS applied FROM hasura_migrate.head",
      [of],
    );
    const step = {
      ...{ run: "run", version: of, name: "a", checksum: String(random()), synced: "0" },
      ...{ direction: rows[0]?.applied === true ? "down" : "up", outside: false },
      ...{ generation: rows[0]?.generation, own_generation: false, all_settings: false },
    };
    await client.query("SELECT hasura_migrate.enter($1)", [JSON.stringify(step)]);
  };
  const leave = async (of: number): Promise<void> => {
    await client.query("SELECT hasura_migrate.leave('run', $1)", [of]);
  };
  const record = async (): Promise<void> => {
    const what = from(["marked applied", "marked pending", "adopted", "forgotten"]);
    await client.query(
      "SELECT hasura_migrate.record('run', generation, 0, $1) FROM hasura_migrate.head",
      [JSON.stringify([{ version: version(), name: "a", checksum: String(random()), what }])],
    );
  };
  const byHand = async (): Promise<void> => {
    const sql = from([
      "DELETE FROM hasura_migrate.migration WHERE version = $1",
      "UPDATE hasura_migrate.migration SET checksum = random()::text WHERE version = $1",
      "UPDATE hasura_migrate.migration SET version = version % 12 + 1 WHERE version = $1",
      "INSERT INTO hasura_migrate.migration (version, name, generation) VALUES ($1, 'a', 1) ON CONFLICT DO NOTHING",
      "DELETE FROM hasura_migrate.step WHERE version = $1",
      "UPDATE hasura_migrate.step SET version = version % 12 + 1 WHERE version = $1",
      "UPDATE hasura_migrate.step SET what = 'forgotten' WHERE version = $1",
    ]);
    await client.query(sql, [version()]);
  };
  const migrate = async (): Promise<void> => {
    const of = version();
    await enter(of);
    await leave(of);
  };
  const asReplica = async (): Promise<void> => {
    await client.query("SET LOCAL session_replication_role = replica");
    await migrate();
    await client.query("SET LOCAL session_replication_role = origin");
  };
  const undone = async (): Promise<void> => {
    await client.query("SAVEPOINT before");
    await from([migrate, record, byHand])();
    await client.query("ROLLBACK TO SAVEPOINT before");
  };
  /** A file with its own COMMIT: others may change the ledger between that and its end. */
  const ownCommit = async (): Promise<void> => {
    const of = version();
    await enter(of);
    await client.query("COMMIT");
    Object.assign(state, { isOpen: false, unfinished: of });
  };
  const wholesale = async (): Promise<void> => {
    await client.query(
      from([
        "TRUNCATE hasura_migrate.migration",
        "TRUNCATE hasura_migrate.step",
        "DELETE FROM hasura_migrate.change WHERE number % 2 = 0",
      ]),
    );
  };
  const act = async (): Promise<boolean> => {
    const { unfinished } = state;
    if (unfinished !== undefined && random() < 0.3) {
      state.unfinished = undefined;
      await leave(unfinished);
      return true;
    }
    if (!state.isOpen) {
      if (random() < 0.01) await wholesale();
      else if (random() < 0.3) await from([record, byHand])();
      else {
        await client.query("BEGIN");
        state.isOpen = true;
        return false;
      }
      return true;
    }
    if (random() < 0.4) {
      state.isOpen = false;
      await client.query(from(["COMMIT", "COMMIT", "ROLLBACK"]));
    } else await from([migrate, migrate, record, record, byHand, undone, asReplica, ownCommit])();
    return true;
  };
  return {
    next: async () => {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        // Somebody else was first; nothing of the transaction is kept.
        if (state.isOpen) await client.query("ROLLBACK");
        state.isOpen = false;
        return false;
      }
    },
  };
}
