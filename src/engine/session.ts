import { Failure } from "../protocol/failure.ts";
import type { Request } from "../protocol/request.ts";
import type { Books } from "./books.ts";
import type { BooksContext } from "./catalog-books.ts";
import { catalogStore } from "./catalog-store.ts";
import type { EngineDeps } from "./engine-deps.ts";
import { hasuraFailure } from "./hasura-failure.ts";
import { whenUp } from "./health.ts";
import type { CatalogState, Metadata } from "./hasura.ts";
import type { Known } from "./plan.ts";
import type { Project } from "./project.ts";
import { warn } from "./say.ts";
import { databasesInScope, type InScope } from "./scope.ts";
import { stateWriter } from "./state-writer.ts";
import { tableStore } from "./table-store.ts";
import type { VersionStore } from "./version-store.ts";

/** One database of a run: its files, its books, and what they said at the beginning. */
export interface KnownDatabase extends Known {
  readonly books: Books;
}

/** What every operation begins with: project and server read, books open. */
export interface Session {
  readonly project: Project;
  readonly databases: readonly KnownDatabase[];
  /** Hasura's `migration_mode` is off: nothing may be changed. */
  readonly disabled: boolean;
}

/** Reads project, metadata and state, and opens the books. Waits for Hasura, and for another run where the books notice it. */
export async function openSession(request: Request, database: string | undefined, deps: EngineDeps): Promise<Session> {
  // First what cannot be waited for: a project that is not readable ends the run before Hasura is asked anything.
  const project = await deps.project();
  const [metadata, state] = await whenUp(deps, () => readServer(deps));
  for (const notice of project.notices) await warn(deps, notice.code, notice.message);
  const scope = databasesInScope(project, metadata, database);
  const store = storeFor(project, state, scope, deps);
  const context: BooksContext = {
    hasura: deps.hasura,
    store,
    writer: stateWriter(store, { sleep: (ms) => deps.sleep(ms), random: deps.random, now: deps.now }),
    configVersion: project.configVersion,
    environment: request.environment,
    request,
    serverId: state?.id ?? "",
    deps,
  };
  const databases: KnownDatabase[] = [];
  for (const it of scope) databases.push(await open(it, context, deps));
  return { project, databases, disabled: store.disabled() };
}

/** Refuses where Hasura's `migration_mode` is off (protocol section 2.3). */
export function refuseDisabled({ disabled }: Session): void {
  if (!disabled) return;
  throw new Failure("usage", "migration-mode-disabled", "Migrations are switched off in this Hasura (its setting migration_mode).", {
    hints: ['set "migration_mode" to "true" in Hasura\'s catalog state'],
  });
}

async function readServer({ hasura }: EngineDeps): Promise<[Metadata, CatalogState | undefined]> {
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

function storeFor(project: Project, state: CatalogState | undefined, scope: readonly InScope[], { hasura }: EngineDeps): VersionStore {
  if (project.configVersion < 3 || !state) return tableStore(hasura);
  const databases = scope.map((it) => it.database.name);
  const complete = [...project.databases.keys()].every((name) => databases.includes(name));
  return catalogStore(hasura, { state, copy: { databases, complete } });
}

async function open({ database, migrations }: InScope, context: BooksContext, deps: EngineDeps): Promise<KnownDatabase> {
  try {
    const books = await deps.booksFor(database, context);
    await books.begin?.();
    return { database, migrations, recorded: await books.read(), books };
  } catch (error) {
    throw hasuraFailure(error, `reading what is applied in ${database.name}`);
  }
}
