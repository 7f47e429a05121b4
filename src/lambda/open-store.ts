import type { MigrationStore, Database } from "../engine/store/store.ts";
import type { StoreContext } from "../engine/context.ts";
import { catalogStore } from "../engine/store/catalog/catalog-store.ts";
import { defaultLiveMs } from "../engine/store/ledger/context.ts";
import { openLedger } from "../engine/store/ledger/open.ts";
import { operationNames, operations, type Operation } from "../protocol/operations.ts";
import type { Settings } from "./settings.ts";

/** What the function says of its books in `run.started`. A database that can have no ledger is told of in a line of its own. */
export function storeKind({ engine, ledger }: Settings): MigrationStore["kind"] {
  return engine === "native" && ledger ? "ledger" : "catalog";
}

/** What the native engine can serve: runs in progress and past ones are known to the ledger alone. */
export function served({ ledger }: Settings): readonly Operation[] {
  return operationNames.filter((name) => ledger || operations[name].ledger !== "upgrade");
}

/** For clients that do not say how long they would wait for another run. */
const defaultWaitMs = 60_000;

const embeddedLiveMs = 3000;

/** The books of a database. The one place that chooses between kinds of books. */
export function openStore(
  settings: Settings,
  requestId: string,
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
    // The embedded environment goes down with its run: nobody has to wait for one that was interrupted there.
    const liveMs = settings.environment === "*" ? embeddedLiveMs : defaultLiveMs;
    const dryRun = "dryRun" in options && options.dryRun === true;
    return openLedger(
      { ...context, database, description, protected: settings.protected, waitMs, liveMs },
      dryRun,
    );
  };
}
