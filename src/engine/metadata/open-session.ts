import type { Request } from "../../protocol/request.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import type { CatalogState, ServerMetadata } from "../hasura/client.ts";
import { isPostgres, kindOf } from "../hasura/source-kinds.ts";
import { waitUntilReady } from "../hasura/wait-until-ready.ts";
import { emptyProject, onlyDatabase, type Project } from "../project/project.ts";
import { imageProject } from "../project/uploaded-project.ts";
import { shortenList } from "../../shorten-list.ts";
import {
  metadataRecords,
  openEach,
  storeContext,
  versionStoreFor,
  type EngineSession,
} from "../session.ts";
import type { Database, MetadataRecord, RunEnd } from "../store/store.ts";
import { sourcesNamed } from "./intermediate.ts";
import { readMetadataNow } from "./read-server.ts";

/** A run that changes the server's metadata: it is registered like any other run, so that no two of them work at the same time. */
export interface MetadataSession {
  /** Where the run's changes are recorded; absent if no database has a ledger. */
  readonly record: MetadataRecord | undefined;
  /** The records in all ledgers: an earlier run may have used that of another database. */
  readonly records: readonly MetadataRecord[];
  /** The server's metadata before the session was opened. It may be outdated, if the session had to wait for a run that changed it. */
  readonly early: ServerMetadata;
  /** Closes every store. Never throws. */
  readonly close: (end: RunEnd) => Promise<void>;
}

/**
 * Registers a run in the ledgers of the function's databases, after waiting for another run to end. A project without migrations has its
 * ledger in the database `default`, or else in the first one that can have one.
 * @throws Failure usage/metadata-version, and what opening a ledger throws
 */
export async function openMetadataSession(
  request: Request,
  engine: EngineContext,
): Promise<MetadataSession> {
  const project = await projectOf(engine);
  const [early, state] = await waitUntilReady(engine, () => readBoth(engine));
  const unusable = unusableSources(early);
  const all = databasesWithLedger(project, early);
  const databases = all.filter(({ name }) => !unusable.has(name));
  const versionStore = versionStoreFor(
    project,
    state,
    databases.map(({ name }) => name),
    engine,
  );
  const context = storeContext(request, { versionStore, project, state }, engine);
  const { opened, close } = await openEach(
    databases.map((database) => ({ database })),
    context,
    async (_, store) => store.metadata,
  );
  if (databases.length < all.length) await warnOfUnusable(all, unusable, engine);
  else if (all.length === 0) await reportNoLedger(engine);
  const records = opened.filter((record) => record !== undefined);
  return { record: records[0], records, early, close };
}

/** Where the project's ledgers record what was done to the metadata. */
export interface RecordsOfProject {
  /** Of the run's databases; the first one is where the run records what it does. */
  readonly records: readonly MetadataRecord[];
  /** Of the project's other databases: an earlier run may have used their ledgers. */
  readonly otherRecords: (server: ServerMetadata) => Promise<readonly MetadataRecord[]>;
}

/** The records in the session's ledgers, and how to read those in the others. */
export function recordsOfProject(
  request: Request,
  session: Pick<EngineSession, "databases">,
  engine: EngineContext,
): RecordsOfProject {
  const opened = session.databases.map(({ database }) => database.name);
  return {
    records: metadataRecords(session),
    otherRecords: (server) => otherRecords(request, opened, server, engine),
  };
}

/**
 * The records in the ledgers of the project's other databases, only for reading: no run is registered there. Without those that cannot be
 * opened.
 * `opened`: the names of the databases whose ledgers are open already.
 */
async function otherRecords(
  { contract, runId, environment, actor }: Request,
  opened: readonly string[],
  server: ServerMetadata,
  engine: EngineContext,
): Promise<readonly MetadataRecord[]> {
  try {
    const project = await projectOf(engine);
    const databases = usableDatabases(project, server).filter(({ name }) => !opened.includes(name));
    if (databases.length === 0) return [];
    const reading = { contract, runId, environment, actor, operation: "metadata-status" } as const;
    const state = await engine.hasura.catalogState();
    const versionStore = versionStoreFor(project, state, [], engine);
    const silent = { ...engine, emit: () => undefined };
    const request: Request = { ...reading, options: {} };
    const context = storeContext(request, { versionStore, project, state }, silent);
    const stores = await Promise.allSettled(
      databases.map(async (database) => engine.openStore(database, context)),
    );
    return stores.flatMap((store) =>
      store.status === "fulfilled" ? (store.value.metadata ?? []) : [],
    );
  } catch {
    return [];
  }
}

/** The server's metadata and its catalog state, in two requests at the same time. */
async function readBoth(engine: EngineContext): Promise<[ServerMetadata, CatalogState]> {
  const [server, state] = await Promise.allSettled([
    readMetadataNow(engine),
    engine.hasura.catalogState(),
  ]);
  // Older servers have no catalog state either.
  if (server.status === "rejected") throw server.reason;
  if (state.status === "rejected") throw state.reason;
  return [server.value, state.value];
}

/** The databases that Hasura cannot use. It refuses SQL for them; applying metadata may repair them. */
function unusableSources({ inconsistent }: ServerMetadata): ReadonlySet<string> {
  const prefix = "source ";
  return new Set(
    inconsistent.flatMap(({ type, name }) =>
      type === "source" && name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
    ),
  );
}

/** The databases in whose ledgers a deployment is registered: those of the project that Hasura can use at the moment. */
export async function registeredDatabases(
  server: ServerMetadata,
  engine: EngineContext,
): Promise<readonly Database[]> {
  return usableDatabases(await projectOf(engine), server);
}

async function projectOf(engine: EngineContext): Promise<Project> {
  return (await imageProject(engine.project)) ?? emptyProject(3);
}

function usableDatabases(project: Project, server: ServerMetadata): readonly Database[] {
  const unusable = unusableSources(server);
  return databasesWithLedger(project, server).filter(({ name }) => !unusable.has(name));
}

function databasesWithLedger(project: Project, { document }: ServerMetadata): readonly Database[] {
  const possible = sourcesNamed(document).flatMap((source): Database[] => {
    const kind = kindOf(source);
    return kind !== undefined && isPostgres(kind) ? [{ name: source.name, kind }] : [];
  });
  const migrated = possible.filter(({ name }) => project.databases.has(name));
  if (migrated.length > 0) return migrated;
  const usual = possible.find(({ name }) => name === onlyDatabase) ?? possible[0];
  return usual ? [usual] : [];
}

function warnOfUnusable(
  databases: readonly Database[],
  unusable: ReadonlySet<string>,
  engine: EngineContext,
): Promise<void> {
  const names = shortenList(databases.flatMap(({ name }) => (unusable.has(name) ? [name] : [])));
  return warn(
    engine,
    "no-ledger",
    `Hasura cannot connect to ${names} at the moment, so the ledger there is neither read nor written.`,
  );
}

function reportNoLedger(engine: EngineContext): Promise<void> {
  return emit(engine, {
    type: "log",
    level: "info",
    code: "no-ledger",
    message:
      "No PostgreSQL database is connected to Hasura yet, so the run is not recorded in a ledger.",
  });
}
