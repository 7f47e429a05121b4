import { Failure } from "../protocol/failure.ts";
import type { Request } from "../protocol/request.ts";
import type { MigrationStore } from "./store/store.ts";
import { catalogVersionStore } from "./store/catalog/state-client.ts";
import type { EngineContext, StoreContext } from "./context.ts";
import { hasuraFailure } from "./hasura/errors.ts";
import { waitUntilReady } from "./hasura/wait-until-ready.ts";
import type { CatalogState, Metadata } from "./hasura/client.ts";
import type { Known } from "./plan/select-steps.ts";
import type { Project } from "./project/project.ts";
import { warn } from "./emit.ts";
import { resolveDatabases, type ResolvedDatabase } from "./plan/resolve-databases.ts";
import { createWriteQueue } from "./store/catalog/write-queue.ts";
import { tableStore } from "./store/catalog/legacy-table.ts";
import type { VersionStore } from "./store/catalog/version-store.ts";

/** One database of a run: its files, its books, and what they said at the beginning. */
export interface DatabaseState extends Known {
  readonly store: MigrationStore;
}

/** What every operation begins with: project and server read, books open. */
export interface EngineSession {
  readonly project: Project;
  readonly databases: readonly DatabaseState[];
  /** Hasura's `migration_mode` is off: nothing may be changed. */
  readonly disabled: boolean;
}

/** Reads project, metadata and state, and opens the books. Waits for Hasura, and for another run where the books notice it. */
export async function openSession(
  request: Request,
  database: string | undefined,
  engine: EngineContext,
): Promise<EngineSession> {
  // First what cannot be waited for: a project that is not readable ends the run before Hasura is asked anything.
  const project = await engine.project();
  const [metadata, state] = await waitUntilReady(engine, () => readServer(engine));
  for (const notice of project.notices) await warn(engine, notice.code, notice.message);
  const scope = resolveDatabases(project, metadata, database);
  const versionStore = storeFor(project, state, scope, engine);
  const context: StoreContext = {
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
  const databases: DatabaseState[] = [];
  for (const it of scope) databases.push(await open(it, context, engine));
  return { project, databases, disabled: versionStore.disabled() };
}

/**
 * Refuses where Hasura's `migration_mode` is off (docs/internals/hasura-protocol.md, "The catalog
 * state document").
 */
export function refuseDisabled({ disabled }: EngineSession): void {
  if (!disabled) return;
  throw new Failure(
    "usage",
    "migration-mode-disabled",
    "Migrations are switched off in this Hasura (its setting migration_mode).",
    {
      hints: ['set "migration_mode" to "true" in Hasura\'s catalog state'],
    },
  );
}

async function readServer({
  hasura,
}: EngineContext): Promise<[Metadata, CatalogState | undefined]> {
  const metadata = hasura.exportMetadata();
  // Asked at the same time; servers before metadata v3 do not know it, and their answer then does not matter.
  const state = hasura.catalogState().then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  const [known, asked] = await Promise.all([metadata, state]);
  if ("answer" in asked) return [known, asked.answer];
  if (known.version < 3) return [known, undefined];
  throw asked.error;
}

function storeFor(
  project: Project,
  state: CatalogState | undefined,
  scope: readonly ResolvedDatabase[],
  { hasura }: EngineContext,
): VersionStore {
  if (project.configVersion < 3 || !state) return tableStore(hasura);
  const databases = scope.map((it) => it.database.name);
  const complete = [...project.databases.keys()].every((name) => databases.includes(name));
  return catalogVersionStore(hasura, { state, copy: { databases, complete } });
}

async function open(
  { database, migrations }: ResolvedDatabase,
  context: StoreContext,
  engine: EngineContext,
): Promise<DatabaseState> {
  try {
    const store = await engine.openStore(database, context);
    await store.runs?.begin();
    return { database, migrations, recorded: await store.read(), store };
  } catch (error) {
    throw hasuraFailure(error, `reading what is applied in ${database.name}`);
  }
}
