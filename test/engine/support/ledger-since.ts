import assert from "node:assert/strict";
import type { TestContext } from "vitest";
import pg from "pg";
import type { SqlResult } from "../../../src/engine/hasura/client.ts";
import { installationSql } from "../../../src/engine/store/ledger/sql/installation.ts";
import {
  readSnapshot,
  readSnapshotSince,
  type LedgerSnapshot,
} from "../../../src/engine/store/ledger/snapshot.ts";
import { freshDatabase, query } from "../../support/postgres.ts";

const asWhole = "SELECT hasura_migrate.snapshot('reader', 1000) AS it";
export const asSince = "SELECT hasura_migrate.snapshot_since('reader', 1000, $1, $2) AS it";

export type Query = (sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;

/** A connection of its own. */
export async function connected(t: TestContext, url: string): Promise<Query> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.onTestFinished(() => client.end());
  return async (sql, values = []) =>
    (await client.query<Record<string, unknown>>(sql, values)).rows;
}

export function resultOf(json: unknown): SqlResult {
  return { columns: ["it"], rows: [[String(json)]] };
}

export function positionOf({ position }: LedgerSnapshot): unknown[] {
  return [String(position?.change), position?.mark];
}

export async function wholeOf(ask: Query): Promise<LedgerSnapshot> {
  const [row] = await ask(asWhole);
  return readSnapshot(resultOf(row?.["it"]));
}

export async function sinceOf(ask: Query, kept: LedgerSnapshot) {
  const [row] = await ask(asSince, positionOf(kept));
  return readSnapshotSince(resultOf(row?.["it"]), kept);
}

/** What a snapshot says of the ledger, without what is measured at the moment of asking. */
export function content(snapshot: LedgerSnapshot): object {
  return {
    ...snapshot,
    ...{ others: undefined, holder: undefined, running: snapshot.running?.version },
    applied: [...snapshot.applied],
  };
}

/** Both in one statement: in a transaction that is repeatable read, of one moment, whatever others do meanwhile. */
export async function compare(ask: Query, kept: LedgerSnapshot) {
  const [row] = await ask(`SELECT (${asWhole}) AS whole, (${asSince}) AS since`, positionOf(kept));
  const whole = readSnapshot(resultOf(row?.["whole"]));
  const since = readSnapshotSince(resultOf(row?.["since"]), kept);
  assert.deepEqual(content(since.snapshot), content(whole));
  return since;
}

export async function installed(t: TestContext): Promise<string> {
  const url = await freshDatabase(t);
  await query(url, installationSql);
  await query(
    url,
    "INSERT INTO hasura_migrate.run (id, operation, actor, request_id, options) VALUES ('run', 'apply', '{\"user\":\"ada\",\"host\":\"laptop\"}', 'r', '{}')",
  );
  return url;
}

/** Of another database on the same server, which nobody is connected to, as a backup that is restored. */
export async function restored(t: TestContext, url: string): Promise<string> {
  const copy = new URL(url);
  copy.pathname = `${copy.pathname}_copy`;
  const [name, from] = [copy, new URL(url)].map(({ pathname }) => pathname.slice(1));
  const server = new URL(url);
  server.pathname = "/postgres";
  await query(server.href, `CREATE DATABASE ${name} TEMPLATE ${from}`);
  t.onTestFinished(async () => {
    await query(server.href, `DROP DATABASE ${name} WITH (FORCE)`);
  });
  return copy.href;
}

/** One question on a connection that is closed again. */
export const once =
  (url: string): Query =>
  (sql, values) =>
    query(url, sql, values);
