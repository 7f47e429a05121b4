import { Failure } from "../protocol/failure.ts";
import { textHint } from "../protocol/hint.ts";
import type { Request } from "../protocol/request.ts";
import type { EngineContext, StoreContext } from "./context.ts";
import { warn } from "./emit.ts";
import type { CatalogState, Metadata } from "./hasura/client.ts";
import { hasuraFailure } from "./hasura/errors.ts";
import { waitUntilReady } from "./hasura/wait-until-ready.ts";
import { resolveDatabases, type ResolvedDatabase } from "./plan/resolve-databases.ts";
import type { DatabaseFacts } from "./plan/indexed-database.ts";
import type { Project } from "./project/project.ts";
import { failedRun, runEnd } from "./run-result.ts";
import { tableStore } from "./store/catalog/legacy-table.ts";
import { catalogVersionStore } from "./store/catalog/state-client.ts";
import type { VersionStore } from "./store/catalog/version-store.ts";
import { createWriteQueue } from "./store/catalog/write-queue.ts";
import type { Database, KeptPlan, MetadataRecord, MigrationStore, RunEnd } from "./store/store.ts";

/** One database of a run: its files, its migration store, and what is applied at the beginning. */
export interface DatabaseState extends DatabaseFacts {
  readonly store: MigrationStore;
  /** All that this run may do here, where that was kept. */
  readonly keptPlan?: KeptPlan;
  /** Only for planning: the database is not connected to Hasura yet, so what it contains is not known. */
  readonly isUnconnected?: true;
}

/** What every operation starts from: project and server read, migration stores open. */
export interface EngineSession {
  readonly databases: readonly DatabaseState[];
  /** Hasura's `migration_mode` is off: nothing may be changed. */
  readonly disabled: boolean;
  /** Closes every store. Never throws. */
  readonly close: (end: RunEnd) => Promise<void>;
}

/**
 * Reads project, metadata and catalog state, and opens the migration stores. Waits for Hasura, and for another run where the
 * store can detect one. Closes what it has opened before it throws. `others`: databases in which the run is only registered, so that no
 * run that needs them works at the same time.
 */
export async function openSession(
  request: Request,
  engine: EngineContext,
  others: readonly Database[] = [],
): Promise<EngineSession> {
  // The project first: waiting for Hasura cannot repair one that is unreadable.
  const project = await engine.project();
  const [metadata, state] = await waitUntilReady(engine, () => readServer(engine));
  for (const notice of project.notices) await warn(engine, notice.code, notice.message);
  const database = "database" in request.options ? request.options.database : undefined;
  const resolved = resolveDatabases(project, metadata, database);
  const versionStore = versionStoreFor(
    project,
    state,
    resolved.map(({ database: { name } }) => name),
    engine,
  );
  const context = storeContext(request, { versionStore, project, state }, engine);
  const { opened, close } = await openEach(
    withOthers(resolved, others, metadata),
    context,
    async ({ database, migrations, isOther }, store) =>
      isOther === true ? undefined : readState({ database, migrations, store }),
  );
  const databases = opened.filter((state) => state !== undefined);
  return { databases, disabled: versionStore.disabled(), close };
}

interface OpenedDatabase extends ResolvedDatabase {
  /** The run is only registered there. */
  readonly isOther?: true;
}

/** In the order of Hasura's metadata: two runs that wait for each other's databases would never end. */
function withOthers(
  resolved: readonly ResolvedDatabase[],
  others: readonly Database[],
  { sources }: Metadata,
): readonly OpenedDatabase[] {
  const names = new Set(resolved.map(({ database }) => database.name));
  const added = others
    .filter(({ name }) => !names.has(name))
    .map((database): OpenedDatabase => ({ database, migrations: [], isOther: true }));
  const order = sources.map(({ name }) => name);
  return [...resolved, ...added].sort(
    (one, other) => order.indexOf(one.database.name) - order.indexOf(other.database.name),
  );
}

/** What the stores of a run have in common. */
export function storeContext(
  request: Request,
  {
    versionStore,
    project,
    state,
  }: {
    readonly versionStore: VersionStore;
    readonly project: Pick<Project, "configVersion">;
    readonly state: CatalogState | undefined;
  },
  engine: EngineContext,
): StoreContext {
  return {
    hasura: engine.hasura,
    versionStore,
    writer: createWriteQueue(versionStore, {
      sleep: (ms) => engine.sleep(ms),
      random: engine.random,
      now: engine.now,
    }),
    configVersion: project.configVersion,
    environment: request.environment,
    request,
    serverId: state?.id ?? "",
    engine,
  };
}

/** What is applied in a database now. */
export async function readState({
  database,
  migrations,
  store,
}: Pick<DatabaseState, "database" | "migrations" | "store">): Promise<DatabaseState> {
  const recorded = await store.read();
  const halfRedone = store.halfRedone?.();
  const keptPlan = store.keptPlan?.();
  return {
    ...{ database, migrations, store, recorded },
    ...(halfRedone !== undefined && { halfRedone }),
    ...(keptPlan && { keptPlan }),
  };
}

/** The records of the metadata in the ledgers of the session's databases. */
export function metadataRecords({
  databases,
}: Pick<EngineSession, "databases">): readonly MetadataRecord[] {
  return databases.flatMap(({ store }) => store.metadata ?? []);
}

/**
 * Throws where Hasura's `migration_mode` is off (docs/internals/hasura-protocol.md, "The catalog
 * state document").
 */
export function refuseDisabled({ disabled }: EngineSession): void {
  if (!disabled) return;
  throw new Failure(
    "usage",
    "migration-mode-disabled",
    "Migrations are disabled on this Hasura server (its setting migration_mode).",
    { hints: [textHint('Set "migration_mode" to "true" in Hasura\'s catalog state.')] },
  );
}

/** What every session reads first: the sources, and the catalog state of a server that has one. */
export async function readServer({
  hasura,
}: EngineContext): Promise<[Metadata, CatalogState | undefined]> {
  // At the same time; servers before metadata v3 have no catalog state, and refuse the second request.
  const [metadata, state] = await Promise.allSettled([
    hasura.exportMetadata(),
    hasura.catalogState(),
  ]);
  if (metadata.status === "rejected") throw metadata.reason;
  if (state.status === "fulfilled") return [metadata.value, state.value];
  if (metadata.value.version < 3) return [metadata.value, undefined];
  throw state.reason;
}

/** Where the server itself records applied migrations. `databases`: the names of those that take part. */
export function versionStoreFor(
  project: Project,
  state: CatalogState | undefined,
  databases: readonly string[],
  { hasura }: EngineContext,
): VersionStore {
  if (project.configVersion < 3 || !state) return tableStore(hasura);
  const complete = [...project.databases.keys()].every((name) => databases.includes(name));
  return catalogVersionStore(hasura, { state, copy: { databases, complete } });
}

/**
 * Opens the migration stores of databases, one after the other, registers the run in each, and uses it. Closes what it has opened before
 * it throws. Where the run would only be registered, a store that cannot be opened is a warning.
 */
export async function openEach<
  Of extends { readonly database: Database; readonly isOther?: true },
  T,
>(
  all: readonly Of[],
  context: StoreContext,
  use: (of: Of, store: MigrationStore) => Promise<T>,
): Promise<{ readonly opened: readonly T[]; readonly close: EngineSession["close"] }> {
  const stores: MigrationStore[] = [];
  const opened: T[] = [];
  const close = async (end: RunEnd): Promise<void> => {
    await Promise.all(stores.map(async (store) => store.runs?.end(end)));
  };
  for (const of of all) {
    try {
      const store = await openOne(of, context);
      if (store === undefined) continue;
      stores.push(store);
      await store.runs?.begin();
      opened.push(await use(of, store));
    } catch (error) {
      const failure = hasuraFailure(error, `reading what is applied in ${of.database.name}`);
      await close(runEnd(failedRun(failure)));
      throw failure;
    }
  }
  return { opened, close };
}

async function openOne(
  { database, isOther }: { readonly database: Database; readonly isOther?: true },
  context: StoreContext,
): Promise<MigrationStore | undefined> {
  const { engine } = context;
  try {
    return await engine.openStore(database, context);
  } catch (error) {
    if (isOther !== true) throw error;
    const failure = hasuraFailure(error, `opening the ledger of ${database.name}`);
    const reason = failure instanceof Error ? failure.message : String(failure);
    await warn(
      engine,
      "no-ledger",
      `The run could not be registered in ${database.name}, so a run there is not kept from working at the same time: ${reason}`,
    );
    return undefined;
  }
}
