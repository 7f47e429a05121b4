import { compareVersions, type Version } from "../../../protocol/migration.ts";
import { rememberLast } from "../../../remember-last.ts";
import type { AppliedMigration } from "../store.ts";
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

/** A file that had its own COMMIT and has not reached its end: still running, or interrupted. */
export interface Running {
  readonly version: Version;
  readonly name: string;
  readonly run: string;
  readonly pid: number;
  readonly outside: boolean;
  readonly alive: boolean;
}

/** The part of the ledger that is compared with the catalog state. */
export interface LedgerView {
  readonly generation: bigint;
  /** Everything up to this generation has been written to the catalog state. */
  readonly synced: bigint;
  /** The server whose catalog was written last. */
  readonly serverId?: string;
  readonly applied: ReadonlyMap<Version, LedgerRow>;
  /** Versions that were applied and no longer are: the generation in which they were removed. */
  readonly gone: ReadonlyMap<Version, bigint>;
  readonly running?: Running;
  /** What the last change to the ledger rolled back, where that was a `redo` that has not applied it again. */
  readonly halfRedone?: Version;
}

/** Hasura's catalog state of the same database, read at about the same moment. */
export interface CatalogView {
  readonly serverId: string;
  readonly versions: StoredVersions;
  /**
   * The ledger's generation as it was last written there; absent where it never was, or the
   * document was replaced.
   */
  readonly generation?: bigint;
}

/** The result of comparing both. Nothing has been done yet. */
export interface Reconciliation {
  readonly records: ReadonlyMap<Version, AppliedMigration>;
  /** Applied by another tool: to be recorded in the ledger, file unknown. */
  readonly adopt: readonly Version[];
  /** Rolled back by another tool: to be removed from the ledger. */
  readonly forget: readonly Version[];
  /** The same where that has to be confirmed: only a person can decide about these versions. */
  readonly rolledBack: readonly Version[];
  /** What is to be written to the catalog. */
  readonly catalogChanges: readonly {
    readonly version: Version;
    readonly to: "applied" | "absent";
  }[];
  /**
   * The catalog lacks versions that were written to it: it was lost, replaced, or restored from an
   * older copy.
   */
  readonly catalogLost: boolean;
  /**
   * The database is older than its catalog (restored from a backup): only a person can decide about
   * these versions.
   */
  readonly inDoubt: readonly Version[];
}

/**
 * Decides for each version what the combination of ledger and catalog state means (docs/guarantees.md;
 * every row is in test/engine/store/ledger/reconcile.test.ts). The rule behind it: a version in the
 * ledger is never run again unless it was demonstrably rolled back, and a version that only the
 * catalog holds is not believed without a reason. Pure.
 */
export function reconcile(ledger: LedgerView, catalog: CatalogView): Reconciliation {
  const forget = findRolledBack(ledger, catalog);
  const result: Draft = {
    records: new Map(),
    adopt: [],
    forget,
    rolledBack: [],
    catalogChanges: [],
    catalogLost: false,
    inDoubt: [],
  };
  for (const [version, row] of ledger.applied)
    if (!forget.includes(version)) addLedgerVersion(version, row, ledger, catalog, result);
  for (const [version, { dirty }] of catalog.versions)
    if (!ledger.applied.has(version) && ledger.running?.version !== version)
      addCatalogVersion(version, dirty, ledger, catalog, result);
  const { running } = ledger;
  if (running)
    result.records.set(running.version, {
      state: running.alive ? "running" : "interrupted",
      run: running.run,
    });
  result.adopt.sort(compareVersions);
  return result;
}

/** The same, but a warm process does not repeat earlier comparisons. */
export function reconcileAgain(ledger: LedgerView, catalog: CatalogView): Reconciliation {
  return compared(
    ledger.applied,
    ledger.gone,
    ledger.running,
    ledger.generation,
    ledger.synced,
    ledger.serverId,
    catalog.versions,
    catalog.serverId,
    catalog.generation,
  );
}

const compared = rememberLast(
  (
    applied: LedgerView["applied"],
    gone: LedgerView["gone"],
    running: LedgerView["running"],
    generation: bigint,
    synced: bigint,
    serverId: LedgerView["serverId"],
    versions: StoredVersions,
    catalogServerId: string,
    catalogGeneration: bigint | undefined,
  ) =>
    reconcile(
      {
        ...{ applied, gone, generation, synced },
        ...(running && { running }),
        ...(serverId !== undefined && { serverId }),
      },
      {
        ...{ versions, serverId: catalogServerId },
        ...(catalogGeneration !== undefined && { generation: catalogGeneration }),
      },
    ),
);

/** For a protected environment: what another tool has rolled back is not forgotten until a person has confirmed it. */
export function confirmingRollbacks(reconciliation: Reconciliation): Reconciliation {
  const { forget, records } = reconciliation;
  const dirty = forget.map((version): [Version, AppliedMigration] => [version, { state: "dirty" }]);
  return {
    ...reconciliation,
    // As dirty, so that `mark` can decide either way.
    records: new Map([...records, ...dirty]),
    forget: [],
    rolledBack: forget,
  };
}

/** A reconciliation in the making. */
interface Draft extends Reconciliation {
  readonly records: Map<Version, AppliedMigration>;
  readonly adopt: Version[];
  readonly catalogChanges: { readonly version: Version; readonly to: "applied" | "absent" }[];
  readonly inDoubt: Version[];
  catalogLost: boolean;
}

/** A version that the ledger holds: applied, regardless of the catalog. */
function addLedgerVersion(
  version: Version,
  row: LedgerRow,
  ledger: LedgerView,
  catalog: CatalogView,
  result: Draft,
): void {
  result.records.set(version, toAppliedMigration(row));
  const inCatalog = catalog.versions.get(version);
  if (inCatalog && !inCatalog.dirty) return;
  result.catalogChanges.push({ version, to: "applied" });
  result.catalogLost ||= !inCatalog && row.generation <= ledger.synced;
}

/** The database is older than its catalog, as after restoring a backup. */
function isNewer(catalog: CatalogView, ledger: LedgerView): boolean {
  return catalog.generation !== undefined && catalog.generation > ledger.generation;
}

/**
 * The catalog is not the one that was written last: the database was copied here with its ledger, or
 * Hasura's metadata database was replaced. Generations of the two then say nothing about each other.
 * A server without an id (`serverId` empty) is not known to be another one.
 */
function isOfAnotherServer(ledger: LedgerView, catalog: CatalogView): boolean {
  const { serverId = "" } = ledger;
  return serverId !== "" && catalog.serverId !== "" && serverId !== catalog.serverId;
}

/** A version that only the catalog holds. */
function addCatalogVersion(
  version: Version,
  dirty: boolean,
  ledger: LedgerView,
  catalog: CatalogView,
  result: Draft,
): void {
  const removedIn = ledger.gone.get(version);
  const isForeign = isOfAnotherServer(ledger, catalog);
  if (dirty) result.records.set(version, { state: "dirty" });
  else if (!isForeign && removedIn !== undefined && removedIn > (catalog.generation ?? -1n))
    result.catalogChanges.push({ version, to: "absent" });
  else if (isForeign || isNewer(catalog, ledger)) {
    result.inDoubt.push(version);
    // As dirty, so that `mark` can decide either way.
    result.records.set(version, { state: "dirty" });
  } else {
    result.adopt.push(version);
    result.records.set(version, { state: "applied" });
  }
}

/**
 * Versions that another tool has rolled back. Believed only if the catalog is demonstrably the
 * one that was written: the same server, our latest generation still in it (a tool that overwrites
 * it with an older copy removes that), other versions still there, and exactly the highest missing,
 * since that is what rolling back leaves.
 */
function findRolledBack(ledger: LedgerView, catalog: CatalogView): Version[] {
  const written = catalog.generation;
  if (written === undefined || written < ledger.synced || written > ledger.generation) return [];
  if (isOfAnotherServer(ledger, catalog)) return [];
  const known = [...ledger.applied]
    .filter(([, row]) => row.generation <= written)
    .map(([version]) => version);
  const missing = known.filter((version) => !catalog.versions.has(version)).sort(compareVersions);
  if (missing.length === 0 || catalog.versions.size === 0) return [];
  const top = known.sort(compareVersions).slice(-missing.length);
  return missing.every((version, i) => version === top[i]) ? missing : [];
}

function toAppliedMigration({ checksum, appliedAt, run, generation }: LedgerRow): AppliedMigration {
  return {
    state: "applied",
    order: generation,
    ...(checksum !== undefined && { checksum }),
    ...(appliedAt !== undefined && { appliedAt }),
    ...(run !== undefined && { run }),
  };
}
