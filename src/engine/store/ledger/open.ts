import { ledgerUseOf } from "../../../protocol/request.ts";
import { emit } from "../../emit.ts";
import { catalogStore } from "../catalog/catalog-store.ts";
import type { MigrationStore, SeedStore } from "../store.ts";
import { isTransient, query, sendQuery } from "./client.ts";
import { schemaVersion } from "./constants.ts";
import type { LedgerContext } from "./context.ts";
import {
  findLedgerSupport,
  install,
  refuseForeignOwner,
  ledgerTooNew,
  type ServerCapabilities,
} from "./install.ts";
import { LedgerStore } from "./ledger-store.ts";
import { readSnapshot, readSnapshotSince, type LedgerSnapshot } from "./snapshot.ts";
import { firstSnapshotSql, type ChangePosition } from "./statements.ts";

const maxInstallations = 3;

/**
 * The ledger store of a database, created by the first request that changes something, or its catalog store where it can have no
 * ledger (which is logged). Throws
 * `usage/ledger-owner`, `usage/ledger-permission`, `usage/ledger-too-new`, `HasuraCallError`.
 */
export async function openLedger(context: LedgerContext): Promise<MigrationStore> {
  const use = ledgerUseOf(context.request);
  const writes = use === "create" || use === "record";
  const isUsable = (ledger: LedgerSnapshot): boolean => {
    if (ledger.schemaVersion > schemaVersion) throw ledgerTooNew(context, ledger.schemaVersion);
    return use === "read" || ledger.schemaVersion === schemaVersion;
  };
  const found = await findLedger(context);
  if (found && isUsable(found)) return new LedgerStore(context, found, writes);
  const support = await findLedgerSupport(context);
  if (!support.supported) return withoutLedger(context, support.reason);
  await refuseForeignOwner(context, support.facts);
  if (use === "create" || found) return installed(context, support.facts, writes);
  if (!support.facts.hasLedger)
    return { ...catalogStore(context.database, context), seeds: seedsOfNewLedger };
  // The ledger could not be read a moment ago. It has the applied versions, so the catalog must not be used instead.
  const ledger = readSnapshot(await query(context, firstSnapshot(context)));
  if (isUsable(ledger)) return new LedgerStore(context, ledger, writes);
  return installed(context, support.facts, writes);
}

/** For an operation that only reads, in a database whose ledger the first run creates: no seed has been run. */
const seedsOfNewLedger: SeedStore = {
  isRecorded: true,
  read: () => Promise.resolve(new Map()),
  run: () => Promise.resolve({ outcome: "failed", error: new Error("there is no ledger yet") }),
  confirm: () => Promise.resolve([]),
};

async function installed(
  context: LedgerContext,
  facts: ServerCapabilities,
  writes: boolean,
): Promise<MigrationStore> {
  return new LedgerStore(context, await installLedger(context, facts), writes);
}

/**
 * A commit that was answered may not have happened, so a ledger that is not there afterwards is
 * created again.
 */
async function installLedger(
  context: LedgerContext,
  facts: ServerCapabilities,
): Promise<LedgerSnapshot> {
  for (let attempt = 1; ; attempt += 1) {
    await install(context, facts);
    const ledger = attempt < maxInstallations ? await findLedger(context) : await readOnce(context);
    if (ledger) return ledger;
  }
}

/**
 * The common case in one request. Any error here recurs, and is handled, in the
 * requests that follow.
 */
async function findLedger(context: LedgerContext): Promise<LedgerSnapshot | undefined> {
  return readOnce(context).catch(() => undefined);
}

async function readOnce(context: LedgerContext): Promise<LedgerSnapshot> {
  const { memory, database } = context;
  const kept = memory?.snapshotOf(database.name);
  const snapshot = kept && (await readSince(context, kept));
  if (snapshot) return snapshot;
  const whole = readSnapshot(await sendQuery(context, firstSnapshot(context)));
  memory?.keep(database.name, whole);
  return whole;
}

/** The changes since a snapshot, and everything else from it. Undefined for a ledger of an older version, which may lack the function. */
async function readSince(
  context: LedgerContext,
  kept: LedgerSnapshot,
): Promise<LedgerSnapshot | undefined> {
  const { memory, database } = context;
  if (!kept.position) return undefined;
  try {
    const answer = await sendQuery(context, firstSnapshot(context, kept.position));
    const { snapshot, isContinued } = readSnapshotSince(answer, kept);
    memory?.keep(database.name, snapshot, isContinued ? kept : undefined);
    return snapshot;
  } catch (error) {
    if (isTransient(error)) throw error;
    return undefined;
  }
}

function firstSnapshot({ request, liveMs }: LedgerContext, since?: ChangePosition): string {
  return firstSnapshotSql(request.runId, liveMs, since);
}

async function withoutLedger(context: LedgerContext, reason: string): Promise<MigrationStore> {
  const message = `${context.database.name} has no ledger, because ${reason}: applied migrations are recorded only in Hasura's catalog state (docs/guarantees.md).`;
  await emit(context.engine, { type: "log", level: "info", code: "no-ledger", message });
  return catalogStore(context.database, context);
}
