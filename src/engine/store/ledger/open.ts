import type { MigrationStore } from "../store.ts";
import { catalogStore } from "../catalog/catalog-store.ts";
import { snapshotSql } from "./statements.ts";
import { send } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { ledgerSupport, install, tooNew } from "./install.ts";
import { ledgerStore } from "./ledger-store.ts";
import { schemaVersion } from "./schema.ts";
import { readSnapshot, type LedgerSnapshot } from "./snapshot.ts";
import { operations } from "../../../protocol/operations.ts";
import { emit } from "../../emit.ts";

const mostInstallations = 3;

/**
 * The books of a database: its ledger, which is made on first use, or the catalog state alone where there can be none (which is said).
 * What only looks makes nothing. Throws `usage/ledger-permission`, `usage/ledger-too-new`, `HasuraCallError`.
 */
export async function openLedger(context: LedgerContext, dryRun: boolean): Promise<MigrationStore> {
  const use = operations[context.request.operation].ledger;
  const writes = use === "create" && !dryRun;
  const there = await existing(context);
  if (there && there.schemaVersion > schemaVersion) throw tooNew(context, there.schemaVersion);
  const current =
    there && (there.schemaVersion === schemaVersion || !(writes || use === "upgrade"));
  if (current) return ledgerStore(context, there, writes);
  const found = await ledgerSupport(context);
  if (found.can === "cannot") return withoutLedger(context, found.why);
  if (!writes && !there) return catalogStore(context.database, context);
  return ledgerStore(context, await installed(context, found.facts), writes);
}

/** A commit that was answered may not have happened: what is not there afterwards is made again. */
async function installed(
  context: LedgerContext,
  facts: Parameters<typeof install>[1],
): Promise<LedgerSnapshot> {
  for (let tries = 1; ; tries += 1) {
    await install(context, facts);
    const there = tries < mostInstallations ? await existing(context) : await mustExist(context);
    if (there) return there;
  }
}

/** The common case in one request; whatever goes wrong here is looked into afterwards. */
async function existing(context: LedgerContext): Promise<LedgerSnapshot | undefined> {
  try {
    return await mustExist(context);
  } catch {
    return undefined;
  }
}

async function mustExist(context: LedgerContext): Promise<LedgerSnapshot> {
  return readSnapshot(await send(context, snapshotSql(context.request.runId, context.liveMs)));
}

async function withoutLedger(context: LedgerContext, why: string): Promise<MigrationStore> {
  const message = `${context.database.name} has no ledger, because ${why}: what is applied is known from Hasura's state alone (docs/guarantees.md).`;
  await emit(context.engine, { type: "log", level: "info", code: "no-ledger", message });
  return catalogStore(context.database, context);
}
