import { compareVersions, type Version } from "../../../protocol/migration.ts";
import type { AppliedMigration as Entry } from "../store.ts";
import type { StoredVersions } from "../catalog/version-store.ts";

/** One version that the ledger holds as applied. */
export interface LedgerRow {
  /** The generation in which it was recorded. */
  readonly generation: bigint;
  readonly checksum?: string;
  readonly appliedAt?: Date;
  readonly run?: string;
  /** How long it took in the database. */
  readonly ms?: number;
}

/** A file that committed by itself and has not reached its end: still at work, or broken off. */
export interface Running {
  readonly version: Version;
  readonly name: string;
  readonly run: string;
  readonly pid: number;
  readonly outside: boolean;
  readonly alive: boolean;
}

/** What the ledger says, at one moment. */
export interface LedgerView {
  readonly generation: bigint;
  /** The catalog state was told everything up to this generation. */
  readonly synced: bigint;
  /** The server whose catalog was told last. */
  readonly serverId?: string;
  readonly applied: ReadonlyMap<Version, LedgerRow>;
  /** Versions that are not applied and once were: the generation in which they went. */
  readonly gone: ReadonlyMap<Version, bigint>;
  readonly running?: Running;
}

/** What Hasura's catalog state says of the same database, at about the same moment. */
export interface CatalogView {
  readonly serverId: string;
  readonly versions: StoredVersions;
  /** The ledger's generation as it was written there last; absent where it never was, or the document was replaced. */
  readonly generation?: bigint;
}

/** What both together mean. Nothing here has been done yet. */
export interface Reconciliation {
  readonly records: ReadonlyMap<Version, Entry>;
  /** Applied by another tool: the ledger takes them over, file unknown. */
  readonly adopt: readonly Version[];
  /** Rolled back by another tool: the ledger lets them go. */
  readonly forget: readonly Version[];
  /** What the catalog has to be told. */
  readonly tell: readonly { readonly version: Version; readonly to: "applied" | "absent" }[];
  /** The catalog did not know what it had been told: lost, replaced, or an older copy. */
  readonly catalogLost: boolean;
  /** The database is older than its catalog (a restored copy): these versions are in doubt, and only a person can say. */
  readonly restored: readonly Version[];
  /** A file still at work on its own. */
  readonly waitFor?: Running;
}

/**
 * Decides what the ledger and the catalog state together mean for each version (docs/guarantees.md;
 * every row is in test/engine/reconcile.test.ts). The rule behind it: what the ledger holds is
 * never run again unless somebody
 * demonstrably rolled it back, and what it does not hold is never believed without a reason.
 */
export function reconcile(ledger: LedgerView, catalog: CatalogView): Reconciliation {
  const removed = missingAtTop(ledger, catalog);
  const forget = removed ?? [];
  const records = new Map<Version, Entry>();
  const adopt: Version[] = [];
  const restored: Version[] = [];
  const tell: { version: Version; to: "applied" | "absent" }[] = [];
  let lost = false;

  for (const [version, row] of ledger.applied) {
    if (forget.includes(version)) continue;
    records.set(version, entryOf(row));
    const there = catalog.versions.get(version);
    if (there && !there.dirty) continue;
    tell.push({ version, to: "applied" });
    lost ||= !there && row.generation <= ledger.synced;
  }
  for (const [version, { dirty }] of catalog.versions) {
    if (ledger.applied.has(version)) continue;
    const went = ledger.gone.get(version);
    if (ledger.running?.version === version) continue;
    if (dirty) records.set(version, { state: "dirty" });
    else if (went !== undefined && went > (catalog.generation ?? -1n))
      tell.push({ version, to: "absent" });
    else if (catalog.generation !== undefined && catalog.generation > ledger.generation) {
      restored.push(version);
      // In doubt, and so something that `mark` can decide either way.
      records.set(version, { state: "dirty" });
    } else {
      adopt.push(version);
      records.set(version, { state: "applied" });
    }
  }
  const { running } = ledger;
  if (running)
    records.set(running.version, {
      state: running.alive ? "running" : "interrupted",
      run: running.run,
    });
  return {
    records,
    adopt: adopt.sort(compareVersions),
    forget,
    tell,
    catalogLost: lost,
    restored,
    ...(running?.alive && { waitFor: running }),
  };
}

/**
 * Versions that another tool has rolled back, or undefined. Believed only of a catalog that is demonstrably the one we told: same
 * server, our latest word still in it (a tool that overwrites it with an older copy takes that away), other versions still there,
 * and exactly the highest missing, since that is what rolling back leaves.
 */
function missingAtTop(ledger: LedgerView, catalog: CatalogView): Version[] | undefined {
  const told = catalog.generation;
  if (told === undefined || told < ledger.synced || told > ledger.generation) return undefined;
  if (ledger.serverId !== undefined && ledger.serverId !== catalog.serverId) return undefined;
  const known = [...ledger.applied]
    .filter(([, row]) => row.generation <= told)
    .map(([version]) => version);
  const missing = known.filter((version) => !catalog.versions.has(version)).sort(compareVersions);
  if (missing.length === 0 || catalog.versions.size === 0) return undefined;
  const top = known.sort(compareVersions).slice(-missing.length);
  return missing.every((version, i) => version === top[i]) ? missing : undefined;
}

function entryOf({ checksum, appliedAt, run }: LedgerRow): Entry {
  return {
    state: "applied",
    ...(checksum !== undefined && { checksum }),
    ...(appliedAt !== undefined && { appliedAt }),
    ...(run !== undefined && { run }),
  };
}
