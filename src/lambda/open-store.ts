import type { MigrationStore, Database } from "../engine/store/store.ts";
import type { StoreContext } from "../engine/context.ts";
import { catalogStore } from "../engine/store/catalog/catalog-store.ts";
import { defaultLiveMs } from "../engine/store/ledger/context.ts";
import { openLedger } from "../engine/store/ledger/open.ts";
import { operationNames, operations, type Operation } from "../protocol/operations.ts";
import type { Settings } from "./settings.ts";

/** The store in `run.started`. A database that cannot have a ledger is reported by an event of its own. */
export function storeKind({ engine, ledger }: Settings): MigrationStore["kind"] {
  return engine === "native" && ledger ? "ledger" : "catalog";
}

/** The operations of the native engine: only a ledger knows current and past runs. */
export function nativeOperations({ ledger }: Settings): readonly Operation[] {
  return operationNames.filter((name) => ledger || operations[name].ledger !== "upgrade");
}

/** How long to wait for another run if the client does not specify it. */
const defaultWaitMs = 60_000;

const embeddedLiveMs = 3000;

/** Opens the migration store of a database. The only place that chooses a kind of store. */
export function openStore(
  settings: Settings,
  requestId: string,
  redact: (text: string) => string,
): (database: Database, context: StoreContext) => MigrationStore | Promise<MigrationStore> {
  if (!settings.ledger) return catalogStore;
  return (database, context) => {
    const { runId, operation, actor, options } = context.request;
    const { commit } = settings.image;
    const description = { run: runId, operation, actor, requestId, options, imageCommit: commit };
    const waitMs =
      "waitSeconds" in options && options.waitSeconds !== undefined
        ? options.waitSeconds * 1000
        : defaultWaitMs;
    // The embedded environment ends with its client: there an interrupted run is dead at once.
    const liveMs = settings.environment === "*" ? embeddedLiveMs : defaultLiveMs;
    const dryRun = "dryRun" in options && options.dryRun === true;
    return openLedger(
      {
        ...context,
        database,
        description,
        protected: settings.protected,
        waitMs,
        liveMs,
        redact,
        keepsDownSql: settings.keepDownSql,
      },
      dryRun,
    );
  };
}
