import type { MigrationStore, Database } from "../engine/store/store.ts";
import type { StoreContext } from "../engine/context.ts";
import { catalogStore } from "../engine/store/catalog/catalog-store.ts";
import { defaultLiveMs, type LedgerContext } from "../engine/store/ledger/context.ts";
import type { LedgerMemory } from "../engine/store/ledger/ledger-memory.ts";
import { openLedger } from "../engine/store/ledger/open.ts";
import { operationNames, operations, type Operation } from "../protocol/operations.ts";
import type { Request } from "../protocol/request.ts";
import type { UploadedDirectory } from "../protocol/run-source.ts";
import type { Settings } from "./settings.ts";

type LedgerSettings = Pick<
  LedgerContext,
  "description" | "protected" | "waitMs" | "liveMs" | "keepsDownSql" | "keepsMetadata"
>;

/** The store in `run.started`. A database that cannot have a ledger is reported by a separate event. */
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

/** The facts about a run that its store needs. */
interface RunOfStore {
  readonly requestId: string;
  readonly redact: (text: string) => string;
  readonly memory?: LedgerMemory | undefined;
  /** The directory that its migrations or seeds came from; undefined for those of the image. */
  readonly from?: UploadedDirectory | undefined;
}

/** Opens the migration store of a database. The only place that chooses a kind of store. */
export function openStore(
  settings: Settings,
  { requestId, redact, memory, from }: RunOfStore,
): (database: Database, context: StoreContext) => MigrationStore | Promise<MigrationStore> {
  if (!settings.ledger) return catalogStore;
  return (database, context) =>
    openLedger({
      ...{ ...context, database, redact },
      ...ledgerSettings(settings, context.request, requestId, from),
      ...(memory && { memory }),
    });
}

/** The part of the function and the request that is passed to a ledger. */
export function ledgerSettings(
  { image, environment, protected: isProtected, keepDownSql, keepMetadata }: Settings,
  { runId: run, part = 1, operation, actor, options }: Request,
  requestId: string,
  from?: UploadedDirectory,
): LedgerSettings {
  const waitMs =
    "waitSeconds" in options && options.waitSeconds !== undefined
      ? options.waitSeconds * 1000
      : defaultWaitMs;
  return {
    description: {
      ...{ run, part, operation, actor, requestId, options, imageCommit: image.commit },
      source: from ? { kind: "upload", ...from } : { kind: "image" },
    },
    protected: isProtected,
    waitMs,
    // The embedded environment ends with its client: there an interrupted run is dead at once.
    liveMs: environment === "*" ? embeddedLiveMs : defaultLiveMs,
    keepsDownSql: keepDownSql,
    keepsMetadata: keepMetadata,
  };
}
